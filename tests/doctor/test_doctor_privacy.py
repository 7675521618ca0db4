"""What a stranger may not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine.doctor import privacy
from gpen_engine.doctor.finding import Finding
from gpen_engine.doctor.privacy import private, private_line


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setattr(privacy.getpass, "getuser", lambda: "anna")
    monkeypatch.setattr(privacy.platform, "node", lambda: "anna-laptop")
    monkeypatch.setattr(privacy, "HOME", "~")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/anna", "~"),
        ("in /home/anna/.config.", "in ~/.config."),
        ("/home/annabel/x", "/home/annabel/x"),
        ("/data/anna/gpen/install.py", "/data/USER/gpen/install.py"),
        ("chmod +x /home/anna/x", "chmod +x ~/x"),
        ("mv '/home/anna/a b' '/home/anna/c d'", "mv ~/'a b' ~/'c d'"),
        ("Anna and her hanna are words", "Anna and her hanna are words"),
    ],
)
def test_the_home_in_findings(text: str, shown: str) -> None:
    finding = private(Finding("ok", "it", text, text))
    assert (finding.sentence, finding.cure) == (shown, shown)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("ERROR anna on Anna-Laptop: no", "ERROR USER on HOST: no"),
        ("ERROR /home/anna/Wedding of Jo/old photo.JPG broke", "(a line that names a picture)"),
        ("ERROR smith.cr3 broke", "(a line that names a picture)"),
        ("ERROR /media/anna/Jo's wedding: no", "ERROR PATH's wedding: no"),
        ("ERROR 'D:\\Photos\\Jo' and D:/Photos", "ERROR 'PATH' and PATH"),
        ("ERROR /usr/lib/libc.so: 3/4 a/b", "ERROR /usr/lib/libc.so: 3/4 a/b"),
        ("ERROR /home/anna/.local/x.py, line 3", "ERROR ~/.local/x.py, line 3"),
        ("ERROR no pictures at all", "ERROR no pictures at all"),
    ],
)
def test_lines_of_a_log(line: str, shown: str) -> None:
    assert private_line(line) == shown


def test_a_home_that_is_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    for name in ("real", "link"):
        assert private(Finding("ok", "it", f"{tmp_path}/{name}/x")).sentence == "~/x"


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(privacy.getpass, "getuser", nameless)
    monkeypatch.setattr(privacy.platform, "node", lambda: "")
    assert private_line("ERROR no") == "ERROR no"
