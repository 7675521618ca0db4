"""Which mirror is used, and when a root counts as finished."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import roots

DEB822 = """Types: deb
URIs: http://mirror.example/security
Suites: {suite}-security
Components: main

# a comment: with colons
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: {suite} {suite}-updates
Components: main
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    monkeypatch.setattr(roots, "SOURCES", tmp_path)
    release = tmp_path / "os-release"
    release.write_text('PRETTY_NAME="Debian"\nID=debian\nVERSION_CODENAME=bookworm\n')
    monkeypatch.setattr(roots, "RELEASE", release)
    return tmp_path


def test_mirror_from_stanzas(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(DEB822.format(suite="bookworm"))
    assert roots.mirror() == "http://mirror.example/debian"


def test_mirror_from_lines(apt: Path) -> None:
    (apt / "sources.list.d" / "other.list").write_text("deb http://other.example/x stable main\n")
    (apt / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n\n"
        "deb-src http://src.example/debian bookworm main\n"
        "deb [ arch=amd64 signed-by=/x.gpg ] http://line.example/debian bookworm main\n"
    )
    assert roots.mirror() == "http://line.example/debian"


def test_no_mirror_without_debian(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(DEB822.format(suite="bookworm"))
    (apt / "os-release").write_text("ID=other\nVERSION_CODENAME=bookworm\n")
    with pytest.raises(roots.RootUnavailable, match="not set up with a Debian mirror"):
        roots.mirror()


def test_a_root_is_finished_with_the_same_packages_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "trixie"
    assert roots.finished(place, "trixie") is None
    place.mkdir()
    stamp = {"recipe": roots.recipe("trixie"), "version": "3.0.4"}
    (place / roots.STAMP).write_text(json.dumps(stamp))
    assert roots.finished(place, "trixie") == (place / "root", place / "home", "3.0.4")
    assert roots.finished(place, "forky") is None
    monkeypatch.setattr(roots, "PACKAGES", [*roots.PACKAGES, "one-more"])
    assert roots.finished(place, "trixie") is None
    (place / roots.STAMP).write_text("cut sh")
    assert roots.finished(place, "trixie") is None


def test_without_rights_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert roots.main(["trixie"]) == 1
    assert capsys.readouterr().err == (
        "Tests in a real GIMP need to run as root, to mount a Debian system.\n"
    )
