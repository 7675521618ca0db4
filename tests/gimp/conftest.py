"""Fixtures for tests in a real GIMP; how such tests are written is told in halves.py."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from console import (
    CHECKOUT,
    Gimp,
    HalvesFailed,
    InstalledGimp,
    RootGimp,
    Setting,
    do_without,
    run_halves,
)
from engine_outside import EngineOutside
from halves import Result, names_in
from roots import SUITES, RootUnavailable

GIMPS = ["installed"] if os.environ.get("GPEN_TEST_GIMP") == "installed" else list(SUITES)


@pytest.fixture(scope="session", params=GIMPS)
def gimp(request: pytest.FixtureRequest) -> Gimp:
    """Each GIMP to test with."""
    try:
        return InstalledGimp() if request.param == "installed" else RootGimp(request.param)
    except RootUnavailable as error:
        do_without(error)


@pytest.fixture(scope="module")
def setting() -> Setting:
    """GIMP as it is. Test files define this anew for the plug-in, the engine or files to read."""
    return Setting()


@pytest.fixture(scope="session")
def running_engine() -> Iterator[EngineOutside]:
    """An engine that runs when GIMP starts, warm for all files; none of them may end it."""
    engine = EngineOutside(starts_before_gimp=True)
    try:
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="module")
def engine_home() -> Iterator[EngineOutside]:
    """An engine that does not run and that the plug-in does not know how to start."""
    engine = EngineOutside()
    try:
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="module")
def engine_on_request(engine_home: EngineOutside) -> Iterator[EngineOutside]:
    """An engine that does not run and that the plug-in can start."""
    with engine_home.on_request():
        yield engine_home


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs leave what they made; one for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return shared / "gimp"


@pytest.fixture(scope="module")
def gimp_run(
    request: pytest.FixtureRequest, gimp: Gimp, setting: Setting, run_folder: Path
) -> Callable[[str], Result]:
    """Gives the results of this file's ``in_gimp`` functions; runs all that are asked for, once."""
    file = request.path
    asked = {
        name
        for item in request.session.items
        if item.path == file
        for name in getattr(item, "fixturenames", ())
    }
    names = [name for name in names_in(file, "in_gimp") if name in asked]
    folder = run_folder / gimp.name / file.stem

    def result(name: str) -> Result:
        once(folder, lambda: run_halves(gimp, "in_gimp", file, names, folder, setting))
        return Result(name, folder / "work")

    return result


@pytest.fixture(scope="module")
def screen_run(
    request: pytest.FixtureRequest, gimp: Gimp, setting: Setting, run_folder: Path
) -> Callable[[str], Result]:
    """Gives the results of this file's ``on_screen`` functions, run when they are asked for."""
    if not gimp.has_screen:
        pytest.skip("windows are tested in the Debian roots only")
    file = request.path
    kept = Path(os.environ.get("GPEN_ARTEFACTS") or CHECKOUT / ".cache" / "gimp-artefacts")

    def result(name: str) -> Result:
        folder = run_folder / gimp.name / f"{file.stem}-{name}"

        def run() -> None:
            try:
                run_halves(gimp, "on_screen", file, [name], folder, setting)
            finally:
                keep_pictures(folder / "work" / "screenshots", kept / gimp.name / file.stem / name)

        once(folder, run)
        return Result(name, folder / "work")

    return result


def once(folder: Path, run: Callable[[], None]) -> None:
    """Runs this for one of several workers and lets the others wait for its end."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failure = folder / "failure.txt"
        if not (folder / "work").exists():
            try:
                run()
            except HalvesFailed as error:
                failure.write_text(str(error))
        if failure.exists():
            pytest.fail(failure.read_text(), pytrace=False)


def keep_pictures(made: Path, kept: Path) -> None:
    """Copies the screenshots of a run to where people and CI find them."""
    shutil.rmtree(kept, ignore_errors=True)
    if made.is_dir():
        shutil.copytree(made, kept)
