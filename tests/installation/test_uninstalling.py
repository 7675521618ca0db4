"""What uninstalling takes away, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine.errors import GpenError
from gpen_engine.installation import uninstalling
from gpen_engine.installation.steps import STATE, Failed, python_of
from gpen_engine.installation.uninstalling import delete, environment_of, uninstall
from gpen_engine.wire.home import EngineHome, Launch


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineHome:
    """With an engine in a folder of the user's choice, and no plug-in."""
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(uninstalling.autostart, "disable", lambda _: True)
    monkeypatch.setattr(uninstalling.placing, "remove_everywhere", lambda: [Path("/3.0/gpen")])
    home = EngineHome.of_user()
    home.make()
    python = touch(python_of(tmp_path / "elsewhere"))
    touch(tmp_path / "elsewhere" / STATE)
    home.write_launch(Launch((str(python), "-m", "gpen_engine"), "1", ""))
    return home


def test_the_engine_is_found_wherever_it_was_put(home: EngineHome, tmp_path: Path) -> None:
    assert environment_of(home) == tmp_path / "elsewhere"
    home.launch_file.write_text("{")
    assert environment_of(home) == home.folder / "env"


def test_only_what_the_installer_made_goes(home: EngineHome, tmp_path: Path) -> None:
    touch(home.folder / "python" / "cpython" / "bin" / "python3")
    model, letter = touch(home.models / "mine.pth"), touch(home.folder / "letter.txt")
    said: list[str] = []
    uninstall(home, tmp_path / "elsewhere", False, said.append)
    assert sorted(path for path in home.folder.rglob("*") if path.is_file()) == [letter, model]
    assert not (tmp_path / "elsewhere").exists()
    assert said[:2] == ["Removed: the automatic start", f"Removed: {Path('/3.0/gpen')}"]
    assert f"Removed: {home.folder / 'python'}" in said
    assert said[-1].startswith(f"Kept: {home.models}")
    uninstall(home, tmp_path / "elsewhere", True, said.append)
    assert list(home.folder.iterdir()) == [letter]


def test_a_folder_of_the_users_is_left_alone(home: EngineHome, tmp_path: Path) -> None:
    letter = touch(tmp_path / "mine" / "letter.txt")
    uninstall(home, tmp_path / "mine", True, print)
    assert letter.exists()


def test_what_cannot_be_removed_holds_up_nothing_else(
    home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> list[Path]:
        raise GpenError("bad_profile", "You may not write to /3.0.")

    monkeypatch.setattr(uninstalling.placing, "remove_everywhere", refuse)
    with pytest.raises(
        Failed, match=r"Not everything could be removed: You may not write to /3\.0"
    ):
        uninstall(home, tmp_path / "elsewhere", False, print)
    assert not (tmp_path / "elsewhere").exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    mine = touch(tmp_path / "mine" / "photo.png")
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "link").symlink_to(mine.parent)
    delete(tmp_path / "env")
    assert mine.exists()
    assert not (tmp_path / "env").exists()


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
