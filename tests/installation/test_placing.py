"""The plug-in's way into a GIMP profile."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpen_engine import GpenError
from gpen_engine.installation import placing
from gpen_engine.installation.interpreters import ALIAS
from gpen_engine.installation.placing import (
    NAME,
    PALETTE,
    files,
    installed,
    place,
    place_in,
    remove,
    remove_everywhere,
)
from gpen_engine.wire import EngineHome

PRODUCT = Path(__file__).resolve().parents[2]
MAIN = f"{NAME}.py"


def test_the_plug_in_lies_as_gimp_wants_it(tmp_path: Path) -> None:
    folder = place(PRODUCT, tmp_path / "3.0")
    assert folder == tmp_path / "3.0" / "plug-ins" / NAME
    assert os.access(folder / MAIN, os.X_OK)
    assert (folder / MAIN).read_text().startswith("#!/usr/bin/env python3\n")
    assert (folder / "locale" / "de" / "LC_MESSAGES" / f"{NAME}.mo").is_file()
    assert sorted(p.name for p in (tmp_path / "3.0").rglob("*.new")) == []


def test_the_shared_part_of_the_engine_lies_beside_it_and_needs_nothing_else(
    tmp_path: Path,
) -> None:
    folder = place(PRODUCT, tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from gpen_engine.wire import reach; "
        "import gpen_engine; print(gpen_engine.__file__)"
    )
    # -I: nothing of this environment but the standard library
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(folder / "gpen_engine" / "__init__.py")


def test_gimp_s_oldest_python_can_read_all_of_it() -> None:
    for source, _ in files(PRODUCT):
        if source.suffix == ".py":
            ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_a_second_time_replaces_the_first_and_is_newer(tmp_path: Path) -> None:
    folder = place(PRODUCT, tmp_path)
    (folder / "left_over.py").touch()
    before = (folder / MAIN).stat().st_mtime_ns
    time.sleep(0.02)
    assert place(PRODUCT, tmp_path) == folder
    assert not (folder / "left_over.py").exists()
    assert (folder / MAIN).stat().st_mtime_ns > before  # else GIMP would not ask it again


def test_a_developers_link_is_replaced_and_what_it_shows_stays(tmp_path: Path) -> None:
    theirs = tmp_path / "source"
    theirs.mkdir()
    (theirs / "mine.py").touch()
    (tmp_path / "plug-ins").mkdir()
    (tmp_path / "plug-ins" / NAME).symlink_to(theirs)
    folder = place(PRODUCT, tmp_path)
    assert not folder.is_symlink()
    assert (theirs / "mine.py").exists()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and folder, with what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("there", [(), ("3.2",), ("3.2/plug-ins/other",), ("3.2/interpreters",)])
def test_a_profile_is_as_before_when_it_is_removed(tmp_path: Path, there: tuple[str, ...]) -> None:
    profile = tmp_path / "GIMP" / "3.2"
    for name in there:
        (tmp_path / "GIMP" / name).mkdir(parents=True)
    before = tree(tmp_path)
    assert remove(profile) is False
    assert installed(profile) is None
    place(PRODUCT, profile)
    folder = place(PRODUCT, profile, python=Path(sys.executable))
    assert installed(profile) == folder
    (folder / "__pycache__").mkdir()
    assert remove(profile) is True
    assert tree(tmp_path) == before
    assert remove(profile) is False


def test_the_colours_of_face_maps_are_a_palette_of_the_profile(tmp_path: Path) -> None:
    (tmp_path / "palettes").mkdir()
    (tmp_path / "palettes" / "mine.gpl").touch()
    place(PRODUCT, tmp_path)
    lines = (tmp_path / PALETTE).read_text().splitlines()
    assert lines[:2] == ["GIMP Palette", "Name: GPEN Face Map"]
    assert len(lines) == 4 + 19
    remove(tmp_path)
    assert [path.name for path in (tmp_path / "palettes").iterdir()] == ["mine.gpl"]


def test_what_others_put_there_meanwhile_stays(tmp_path: Path) -> None:
    place(PRODUCT, tmp_path / "3.2")
    (tmp_path / "3.2" / "plug-ins" / "other").mkdir()
    remove(tmp_path / "3.2")
    assert [*tree(tmp_path)] == ["3.2", "3.2/plug-ins", "3.2/plug-ins/other"]


def test_what_gimp_remembers_of_its_dialogs_goes_too(tmp_path: Path) -> None:
    place(PRODUCT, tmp_path)
    settings = tmp_path / "plug-in-settings"
    settings.mkdir()
    for procedure in ("plug-in-gpen-restore-faces", "plug-in-other"):
        (settings / f"GimpProcedureConfigRun-{procedure}.last").touch()
    remove(tmp_path)
    assert [path.name for path in settings.iterdir()] == [
        "GimpProcedureConfigRun-plug-in-other.last"
    ]


def test_one_that_was_cut_short_is_mended_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("use_alias", "write_alias"):
        with monkeypatch.context() as patch:
            patch.setattr(placing, name, stop)
            with pytest.raises(KeyboardInterrupt):
                place(PRODUCT, tmp_path / "3.2", python=Path(sys.executable))
        shown = [path for path in (tmp_path / "3.2" / "plug-ins").iterdir() if path.name[0] != "."]
        assert shown in ([], [tmp_path / "3.2" / "plug-ins" / NAME])
    place(PRODUCT, tmp_path / "3.2")
    assert [path.name for path in (tmp_path / "3.2" / "plug-ins").iterdir()] == [NAME]
    remove(tmp_path / "3.2")
    assert tree(tmp_path) == {}


def test_gimp_s_own_python_is_asked_for_by_a_name_of_its_own(tmp_path: Path) -> None:
    folder = place(PRODUCT, tmp_path, python=Path(sys.executable))
    assert (folder / MAIN).read_text().startswith(f"#!{ALIAS}\n")
    assert os.access(folder / MAIN, os.X_OK)
    meant = (tmp_path / "interpreters" / f"{ALIAS}.interp").read_text()
    assert meant == f"{ALIAS}={Path(sys.executable).as_posix()}\n"
    place(PRODUCT, tmp_path)  # as when GIMP's own Python is gone
    assert (folder / MAIN).read_text().startswith("#!/usr/bin/env python3\n")
    assert list((tmp_path / "interpreters").iterdir()) == []


class Home:
    """A user's home with profiles 3.0 and 3.2 of GIMP."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("PATH", "/nowhere")
        for name in ("XDG_CONFIG_HOME", "GIMP3_DIRECTORY"):
            monkeypatch.delenv(name, raising=False)
        self.profiles = [folder / ".config" / "GIMP" / name for name in ("3.0", "3.2")]
        for profile in self.profiles:
            profile.mkdir(parents=True)

    def placed(self) -> list[Path]:
        return [profile / "plug-ins" / NAME for profile in self.profiles]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    if os.name == "nt" or sys.platform == "darwin":
        pytest.skip("profiles lie elsewhere on this system")
    return Home(tmp_path / "home", monkeypatch)


@pytest.mark.skipif(os.name == "nt", reason="profiles lie elsewhere on Windows")
def test_the_command_places_it_everywhere_and_says_how_to_start_the_engine(
    tmp_path: Path,
) -> None:
    base = tmp_path / ".config" / "GIMP"
    for name in ("3.0", "3.2"):
        (base / name).mkdir(parents=True)
    environment = {"HOME": str(tmp_path), "PATH": "/nowhere", "PYTHONPATH": str(PRODUCT)}
    ran = subprocess.run(
        [sys.executable, "-m", "gpen_engine.installation.placing", str(PRODUCT)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    placed = [base / name / "plug-ins" / NAME for name in ("3.0", "3.2")]
    assert ran.stdout.split() == [str(folder) for folder in placed]
    assert all((folder / MAIN).exists() for folder in placed)
    home = tmp_path / ".local" / "share" / "gpen-gimp"
    launch = json.loads((home / "engine.json").read_text())
    assert launch["command"] == [sys.executable, "-P", "-m", "gpen_engine", "serve"]
    assert launch["repair"] == f"python3 {PRODUCT / 'install.py'}"
    assert (home / "models").is_dir()
    assert launch["standalone"] is False


def test_every_profile_and_named_folder_and_out_of_all_of_them(
    home: Home, engine_home: EngineHome, capsys: pytest.CaptureFixture[str]
) -> None:
    named = home.folder / "my plug-ins"
    named.mkdir()
    before = tree(home.folder)
    assert placing.main([str(PRODUCT), "--plug-in-dir", str(named)]) == 0
    everywhere = [*home.placed(), named / NAME]
    assert capsys.readouterr().out.splitlines() == [str(folder) for folder in everywhere]
    assert placing.main([str(PRODUCT)]) == 0  # the folder is remembered
    assert capsys.readouterr().out.splitlines() == [str(folder) for folder in everywhere]
    assert remove_everywhere() == everywhere
    assert tree(home.folder) == before
    assert remove_everywhere() == []
    place_in(PRODUCT, named)
    assert remove_everywhere([named]) == [named / NAME]


def test_a_broken_profile_is_named_and_the_others_are_done(
    home: Home, engine_home: EngineHome, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, whole = home.profiles
    (broken / "plug-ins").touch()
    assert placing.main([str(PRODUCT)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(whole / "plug-ins" / NAME)]
    (line,) = said.err.splitlines()
    assert line.startswith(f"The plug-in could not be put into {broken}: ")
    assert "run the same command again" in line


def test_a_gimp_that_was_never_started_keeps_its_chance_to_take_settings_over(
    home: Home,
    engine_home: EngineHome,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = home.folder / "bin" / "gimp-console-3.2"
    program.parent.mkdir()
    program.touch()  # and it cannot be started
    monkeypatch.setenv("PATH", str(program.parent))
    home.profiles[1].rmdir()
    assert placing.main([str(PRODUCT)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(home.placed()[0])]
    assert said.err.startswith("GIMP 3.2 was never started")
    assert not home.profiles[1].exists()
    home.profiles[1].mkdir()
    assert placing.main([str(PRODUCT)]) == 0


def test_a_mistyped_folder_is_told(
    home: Home, engine_home: EngineHome, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = home.folder / "plugins"
    assert placing.main([str(PRODUCT), "--plug-in-dir", str(absent)]) == 1
    assert f"could not be put into {absent}: No such file" in capsys.readouterr().err
    assert not absent.exists()
    assert placing.remembered(engine_home) == []
    assert placing.main([str(PRODUCT)]) == 0  # and not remembered


def test_one_that_cannot_be_removed_is_named_and_the_others_are_done(
    home: Home, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert placing.main([str(PRODUCT)]) == 0
    read_only, other = home.placed()

    def remove_all(path: Path, **_: object) -> None:
        if path == read_only:
            raise PermissionError(13, "Permission denied", str(path))
        rmtree(path)

    rmtree = placing.shutil.rmtree
    monkeypatch.setattr(placing.shutil, "rmtree", remove_all)
    with pytest.raises(GpenError, match=r"taken out of .*3\.0: you may not write there") as failed:
        remove_everywhere()
    assert failed.value.code == "bad_profile"
    assert read_only.exists()
    assert not other.exists()


def test_the_engine_s_folder_on_a_full_disk_is_told(
    home: Home,
    engine_home: EngineHome,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EngineHome, "write_launch", full)
    assert placing.main([str(PRODUCT)]) == 1
    assert f"{engine_home.folder}: No space left on device." in capsys.readouterr().err


def test_a_python_in_the_user_s_home_is_standalone(
    home: Home, engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for base, alone in (
        ("/usr", False),
        (str(tmp_path), False),
        (str(home.folder / "pythons" / "3.13"), True),
        (str(engine_home.folder / "python"), True),
    ):
        monkeypatch.setattr(sys, "base_prefix", base)
        assert placing.is_standalone(engine_home) is alone
