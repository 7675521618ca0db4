"""The findings as text for people and as JSON for bug reports."""

from __future__ import annotations

import json
import platform
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from ..version import version
from .finding import Finding, faults

SIGNS = {"ok": "✓", "warning": "!", "fault": "✗", "note": "·"}
PLAIN = {"ok": "+", "warning": "!", "fault": "x", "note": "-"}
COLOURS = {"ok": 32, "warning": 33, "fault": 31, "note": 2}
"""As terminals number them."""


def as_text(findings: Sequence[Finding], *, width: int, unicode: bool, colour: bool) -> str:
    """A mark, a name and a sentence a line; a cure stands below, alone and in one piece, so that
    it can be copied.

    Args:
        findings: in their order.
        width: of the terminal, in characters.
        unicode: whether it shows more than ASCII.
        colour: whether it shows colours.
    """
    signs, arrow = (SIGNS, "→") if unicode else (PLAIN, "->")
    column = max((len(finding.name) for finding in findings), default=0)
    indent = " " * (column + 4)
    lines = []
    for finding in findings:
        sign = signs[finding.mark]
        if colour:
            sign = f"\x1b[{COLOURS[finding.mark]}m{sign}\x1b[0m"
        text = _wrapped(finding.sentence, max(width - len(indent), 30))
        lines.append(f"{sign} {finding.name:{column}}  {text[0]}")
        lines += [indent + line for line in text[1:]]
        if finding.cure:
            lines.append(f"{indent}{arrow} {finding.cure}")
    text_of_all = "\n".join([*lines, "", _summary(findings)])
    return text_of_all if unicode else text_of_all.encode("ascii", "backslashreplace").decode()


def as_json(findings: Sequence[Finding]) -> str:
    """``version``, ``platform`` and ``findings``, each with mark, name, sentence and cure."""
    report = {
        "version": version(),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "python": platform.python_version(),
        },
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(report, indent=1)  # plain ASCII, so that it survives any console


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of whole words, so that a path can be copied in one piece."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _summary(findings: Sequence[Finding]) -> str:
    count = faults(findings)
    if count == 1:
        return "One thing is wrong; below it stands what mends it."
    if count:
        return f"{count} things are wrong; below each stands what mends it."
    warned = any(finding.mark == "warning" for finding in findings)
    return "Nothing is wrong, but see the lines with a !" if warned else "Nothing is wrong."
