"""How findings are shown."""

from __future__ import annotations

import json

from gpen_engine.doctor.finding import Finding
from gpen_engine.doctor.report import as_json, as_text
from gpen_engine.version import version

FOUND = [
    Finding("ok", "Python", "3.13 in ~/é."),
    Finding("warning", "Disk", "Only little is free.", "Make room."),
    Finding(
        "fault", "Plug-in", "It may not be run, so GIMP passes it over.", "chmod +x " + "x" * 60
    ),
    Finding("note", "Plug-in", "Something else."),
]


def test_text() -> None:
    assert as_text(FOUND, width=50, unicode=True, colour=False).splitlines() == [
        "✓ Python   3.13 in ~/é.",
        "! Disk     Only little is free.",
        "           → Make room.",
        "✗ Plug-in  It may not be run, so GIMP passes it",
        "           over.",
        "           → chmod +x " + "x" * 60,
        "· Plug-in  Something else.",
        "",
        "One thing is wrong; below it stands what mends it.",
    ]


def test_a_terminal_that_knows_ascii_only() -> None:
    text = as_text(FOUND, width=50, unicode=False, colour=False)
    assert text.isascii()
    assert text.splitlines()[0] == "+ Python   3.13 in ~/\\xe9."
    assert "x Plug-in" in text
    assert "-> Make room." in text


def test_colours() -> None:
    lines = as_text(FOUND[:3], width=80, unicode=True, colour=True).splitlines()
    assert lines[0].startswith("\x1b[32m✓\x1b[0m Python")
    assert lines[3].startswith("\x1b[31m✗\x1b[0m Plug-in")


def test_the_last_line() -> None:
    def last(*found: Finding) -> str:
        return as_text(found, width=80, unicode=True, colour=False).splitlines()[-1]

    assert last(FOUND[0], FOUND[1]) == "Nothing is wrong, but see the lines with a !"
    assert last(FOUND[0], FOUND[3]) == "Nothing is wrong."
    assert last(FOUND[2], FOUND[2]) == "2 things are wrong; below each stands what mends it."


def test_json() -> None:
    report = json.loads(as_json(FOUND))
    assert list(report) == ["version", "platform", "findings"]
    assert report["version"] == version()
    assert set(report["platform"]) == {"system", "release", "machine", "python"}
    assert report["findings"][1] == {
        "mark": "warning",
        "name": "Disk",
        "sentence": "Only little is free.",
        "cure": "Make room.",
    }
