"""The engine's version, which pyproject.toml alone states."""

from __future__ import annotations


def version() -> str:
    """Such as "0.1.0"; "unknown" where the package was not installed but only lies there."""
    from importlib import metadata  # takes a tenth of the time that gpen --help may take

    try:
        return metadata.version("gpen-engine")
    except metadata.PackageNotFoundError:
        return "unknown"
