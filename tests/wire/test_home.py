"""Where the engine of this user lives."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from pathlib import Path

import pytest

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, Launch
from gpen_engine.wire.home import VARIABLE

LAUNCH = Launch(("python", "-m", "gpen_engine", "serve"), "1.2", "python3 install.py")


def code_of(refused: pytest.ExceptionInfo[GpenError]) -> str:
    return refused.value.code


def test_the_environment_may_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert EngineHome.of_user().folder == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "below")
    assert EngineHome.of_user().folder == tmp_path / "below"
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")  # another one inside of a Flatpak
    usual = EngineHome.of_user().folder
    assert usual.is_relative_to(tmp_path)
    assert usual.name == "gpen-gimp"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_what_is_private_is_closed_to_others(engine_home: EngineHome) -> None:
    os.umask(old := os.umask(0))
    os.umask(0)
    try:
        engine_home.make()
        key = engine_home.new_key()
    finally:
        os.umask(old)
    assert len(key) == 32
    assert engine_home.key() == key
    assert stat.S_IMODE(engine_home.private.stat().st_mode) == 0o700
    assert stat.S_IMODE((engine_home.private / "key").stat().st_mode) == 0o600
    assert Path(engine_home.address).parent == engine_home.lock.parent == engine_home.private
    assert engine_home.new_key() != key
    assert [path.name for path in engine_home.private.iterdir()] == ["key"]
    engine_home.make()  # again


def test_a_key_that_is_there_can_be_kept(engine_home: EngineHome) -> None:
    engine_home.make()
    key = engine_home.kept_key()
    assert engine_home.kept_key() == engine_home.key() == key


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("fault", ["open", "link", "file"])
def test_what_others_have_a_hand_in_is_not_used(
    engine_home: EngineHome, tmp_path: Path, fault: str
) -> None:
    if fault == "link":
        (tmp_path / "run").mkdir(mode=0o700)
        engine_home.private.symlink_to(tmp_path / "run")
    elif fault == "file":
        engine_home.private.touch(mode=0o700)
    else:
        engine_home.private.mkdir()
        engine_home.private.chmod(0o770)
    for use in (engine_home.make, engine_home.key, engine_home.kept_key):
        with pytest.raises(GpenError) as refused:
            use()
        assert code_of(refused) == "bad_home"


def test_without_an_engine_there_is_no_key(engine_home: EngineHome) -> None:
    with pytest.raises(GpenError) as gone:
        engine_home.key()
    assert code_of(gone) == "gone"
    engine_home.make()
    with pytest.raises(GpenError) as gone:
        engine_home.key()
    assert code_of(gone) == "gone"


@pytest.mark.skipif(os.name != "posix", reason="pipes of Windows have other names")
def test_a_socket_whose_path_would_be_too_long(tmp_path: Path) -> None:
    home = EngineHome(tmp_path / ("x" * 100))
    with pytest.raises(GpenError, match=VARIABLE) as refused:
        home.address  # noqa: B018
    assert code_of(refused) == "bad_home"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GpenError) as refused:
        EngineHome(tmp_path / "file" / "home").make()
    assert code_of(refused) == "bad_home"


def test_how_to_start_it_is_written_and_read(engine_home: EngineHome) -> None:
    assert engine_home.launch() is None
    engine_home.write_launch(LAUNCH)
    assert engine_home.launch() == LAUNCH
    alone = dataclasses.replace(LAUNCH, standalone=True)
    engine_home.write_launch(alone)
    assert engine_home.launch() == alone
    assert [path.name for path in engine_home.folder.iterdir()] == ["engine.json"]


def test_one_that_an_older_installer_wrote(engine_home: EngineHome) -> None:
    facts = {"command": LAUNCH.command, "version": "1.2", "repair": "python3 install.py"}
    engine_home.launch_file.write_text(json.dumps(facts))
    assert engine_home.launch() == LAUNCH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"command": [], "version": "1", "repair": "x"}',
        '{"command": "x", "version": "1", "repair": "x"}',
        '{"command": ["x", 1], "version": "1", "repair": "x"}',
        '{"command": ["x"], "version": 1, "repair": "x"}',
        '{"command": ["x"], "version": "1"}',
        "\udcff",
    ],
)
def test_a_damaged_file_is_told(engine_home: EngineHome, text: str) -> None:
    (engine_home.folder / "engine.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(GpenError) as broken:
        engine_home.launch()
    assert code_of(broken) == "engine_broken"
    assert "install.py" in broken.value.hint
