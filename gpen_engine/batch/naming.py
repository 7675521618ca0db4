"""What results are called: a pattern with the parts of the picture's own name.

``{dir}`` is the folder below the one that was named, ``{stem}`` the name without its suffix, and
``{suffix}`` that, with its dot: ``{dir}/{stem}_restored{suffix}``, or ``{dir}/{stem}.png`` for
another format.
"""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath

from ..errors import GpenError

MIRRORED = "{dir}/{stem}{suffix}"


def named(below: str, pattern: str) -> str:
    """The path of a result below the output folder, with slashes.

    Args:
        below: of the picture, below the folder that was named, with slashes.
        pattern: one that was checked.
    """
    path = PurePosixPath(below)
    parts = {"dir": str(path.parent), "stem": path.stem, "suffix": path.suffix}
    return posixpath.normpath(pattern.format(**parts))


def check_pattern(pattern: str, suffixes: set[str]) -> None:
    """Raises GpenError: ``bad_option`` when it cannot be understood, leads out of the folder, or
    ends as none of these suffixes."""
    hint = f"Write something like {MIRRORED} or {{dir}}/{{stem}}_restored.png."
    try:
        name = named("a/b.png", pattern)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise GpenError(
            "bad_option", f'The name pattern "{pattern}" is not understood.', hint
        ) from error
    if name.startswith(("/", "..")) or "{stem}" not in pattern or "\\" in pattern:
        raise GpenError(
            "bad_option",
            f'The name pattern "{pattern}" gives no name of its own to every picture below the'
            " output folder.",
            hint,
        )
    if PurePosixPath(name).suffix.lower() not in suffixes:
        raise GpenError(
            "bad_option",
            f'The name pattern "{pattern}" does not end as a picture\'s that can be written.',
            f"End it in {{suffix}} or one of {', '.join(sorted(suffixes))}.",
        )
