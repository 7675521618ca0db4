"""Keeps out of a report what is nobody's business: reports are shown to strangers."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
from dataclasses import replace
from pathlib import Path

from .finding import Finding

HOME = "%USERPROFILE%" if os.name == "nt" else "~"
PICTURE = re.compile(
    r"\.(jpe?g|jfif|jp2|jxl|png|tiff?|webp|xcf|gif|bmp|psd|heic|heif|avif|exr|hdr"
    r"|dng|cr[23w]|nef|arw|orf|raf|rw2|pef)\b",
    re.IGNORECASE,
)
PATH = re.compile(r"(?<![\w~/.])(?:/|[A-Za-z]:[\\/]|\\\\)[^\s\"'<>|:;,)]+")
SYSTEM = ("/usr/", "/opt/", "/lib", "/proc/", "/dev/", "/snap/", "/app/", "C:\\Program", "C:\\Win")
"""Where nothing is the user's."""


def private(finding: Finding) -> Finding:
    """The finding with the user's home as ``~``, and no folder named after the user."""
    return replace(finding, sentence=_at_home(finding.sentence), cure=_at_home(finding.cure))


def private_line(line: str) -> str:
    """A line of a log without names of users, computers, pictures and their folders."""
    if PICTURE.search(line):  # where its name begins cannot be told
        return "(a line that names a picture)"
    line = PATH.sub(_path, _at_home(line))
    for name, word in ((_user(), "USER"), (platform.node(), "HOST")):
        if name:
            line = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", word, line, flags=re.I)
    return line


def _at_home(text: str) -> str:
    """Quotes of a shell stay outside of the ``~``, which would not be one within them."""
    homes = {str(Path.home()), os.path.realpath(Path.home())}
    for home in sorted(homes, key=len, reverse=True):
        if len(home) > len(Path(home).anchor):
            text = re.sub(rf"'{re.escape(home)}(?=[\\/])([\\/])", rf"{HOME}\1'", text)
            text = re.sub(rf"{re.escape(home)}(?![\w.-])", lambda _: HOME, text)
    if user := _user():
        text = re.sub(rf"(?<=[\\/]){re.escape(user)}(?=[\\/])", "USER", text)
    return text


def _path(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith(SYSTEM) else "PATH"


def _user() -> str:
    with contextlib.suppress(Exception):  # no name at all, which systems say in many ways
        return getpass.getuser()
    return ""
