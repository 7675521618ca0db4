"""The profile folders into which the plug-in goes."""

from __future__ import annotations

from pathlib import Path

from .gimps import System, found


def profiles(system: System | None = None) -> list[Path]:
    """Those of every supported GIMP 3 of this user, oldest version first.

    These are the folders of each GIMP that was started once, and those that the GIMPs that are
    installed will use.
    """
    gimps = [gimp for gimp in found(system) if gimp.supported]
    return list(dict.fromkeys(gimp.profile for gimp in gimps if gimp.profile))
