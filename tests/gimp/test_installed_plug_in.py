"""From the installer to a layer: the plug-in is placed as install.py does it, GIMP finds it, it
finds out how to start the engine, and afterwards nothing of it stays.

GIMP runs here in a system of its own, with another /usr, other processes and no network. That is
how it is in a Flatpak too, and a file marks it as one for some of these tests.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import pytest
from console import CHECKOUT, Gimp, Setting
from halves import Result, in_gimp
from systemd_stand_in import SystemdStandIn

from gpen_engine import sample
from gpen_engine.installation.placing import NAME
from gpen_engine.lock import held_by
from gpen_engine.wire import EngineHome, connect

if TYPE_CHECKING:
    from ask import outside
    from restoring import fresh, restore

pytestmark = pytest.mark.slow
PROFILES = ("3.0", "3.2")


class Installation:
    """The product in the home of a run.

    Attributes:
        engine: the engine's home, with a short name, since a socket's path may not be long.
    """

    def __init__(self) -> None:
        self.engine = EngineHome(Path(tempfile.mkdtemp(prefix="gpen-", dir="/tmp")))
        self._system: SystemdStandIn | None = None

    def install(self, profile: Path) -> None:
        """Into the profile that GIMP uses, and into that of the other version."""
        home = profile.parents[2]
        for name in PROFILES:
            (profile.parent / name).mkdir(exist_ok=True)
        (profile.parents[3] / "before.txt").write_text("\n".join(tree(home)))
        run(self.engine, home, "-m", "gpen_engine.installation.placing", str(CHECKOUT))

    def listen(self) -> None:
        launch = self.engine.launch()
        assert launch
        self._system = SystemdStandIn(self.engine, launch.command)

    def listen_no_more(self) -> int:
        """Returns how often the engine was started meanwhile."""
        assert self._system
        self._system.end()
        self.engine.autostart.unlink()
        return self._system.starts

    def seen(self) -> dict[str, Any]:
        """The engine that runs inside, from outside."""
        with connect(self.engine) as engine:
            return {"pid": engine.hello.pid, "holder": held_by(self.engine.lock)}

    def remove(self) -> None:
        if self._system:
            self._system.end()
        shutil.rmtree(self.engine.folder)


def run(engine: EngineHome, home: Path, *words: str) -> None:
    """The engine's Python, as a user with this home."""
    own = {"HOME": str(home), "PATH": "/nowhere", "GPEN_ENGINE_HOME": str(engine.folder)}
    subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=own, check=True)


def tree(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in (home / ".config").rglob("*"))


@pytest.fixture(scope="module")
def setting(gimp: Gimp) -> Iterator[Setting]:
    if not gimp.has_screen:
        pytest.skip("an installed GIMP has no home of its own here")
    installation = Installation()
    encoded, portrait = cv2.imencode(".png", sample.damaged(sample.portrait())[:, :, ::-1])
    assert encoded
    yield Setting(
        plugin=installation.install,
        files={"portrait.png": portrait.tobytes()},
        environment={
            "GPEN_ENGINE_HOME": str(installation.engine.folder),
            "OMP_NUM_THREADS": "1",
        },
        readable=[] if below_usr() else [Path(sys.prefix), Path(sys.base_prefix)],
        writable=[installation.engine.folder],
        calls={
            "listen": installation.listen,
            "listen_no_more": installation.listen_no_more,
            "seen": installation.seen,
        },
    )
    installation.remove()


def below_usr() -> bool:
    """Whether the engine's Python lies where GIMP's system has its own."""
    return Path(sys.base_prefix).resolve().is_relative_to("/usr")


@in_gimp
def refused_in_a_flatpak() -> object:
    Path("/.flatpak-info").touch()
    return restore(fresh("portrait.png"))


def test_in_a_flatpak_the_user_is_told_what_to_do(refused_in_a_flatpak: Result) -> None:
    assert refused_in_a_flatpak["status"] == "execution-error"
    message = refused_in_a_flatpak["message"]
    assert "GIMP's Flatpak cannot start it." in message
    assert f"python3 {CHECKOUT / 'install.py'} --autostart" in message


@in_gimp
def started_by_the_system() -> object:
    Path("/.flatpak-info").touch()
    outside("listen")
    told = [restore(fresh("portrait.png"))["message"] for _ in range(2)]
    return {"told": told, "starts": outside("listen_no_more")}


def test_in_a_flatpak_the_system_starts_the_engine(started_by_the_system: Result) -> None:
    assert started_by_the_system["told"] == ["success", "success"]
    assert started_by_the_system["starts"] == 1


@in_gimp
def started_by_the_plug_in() -> object:
    Path("/.flatpak-info").unlink(missing_ok=True)
    told = restore(fresh("portrait.png"))
    return {"told": told, "seen": outside("seen") if told["status"] == "success" else {}}


@pytest.mark.skipif(below_usr(), reason="this Python is not there in GIMP's system")
def test_the_plug_in_starts_the_engine_in_gimp_s_system(started_by_the_plug_in: Result) -> None:
    told = started_by_the_plug_in["told"]
    assert told["status"] == "success", told["message"]
    before, after = (len(told[when]["layers"]) for when in ("before", "after"))
    assert after == before + 1
    seen = started_by_the_plug_in["seen"]
    assert seen["holder"] == str(seen["pid"])  # the lock holds across systems


def test_nothing_stays_when_it_is_removed(
    started_by_the_system: Result, gimp: Gimp, tmp_path: Path
) -> None:
    folder = started_by_the_system.work.parent
    home, before = folder / "home", (folder / "before.txt").read_text().splitlines()
    plugins = [f".config/GIMP/{name}/plug-ins/{NAME}" for name in PROFILES]
    assert set(plugins) <= set(tree(home))
    code = "from gpen_engine.installation.placing import remove_everywhere as r; r()"
    run(EngineHome(tmp_path), home, "-c", code)
    used = f".config/GIMP/{gimp.name}/"
    after = tree(home)
    assert [name for name in after if "gpen" in name] == []
    for names in (before, after):  # what GIMP itself writes when it ends is its own
        names[:] = [name for name in names if not name.startswith(used)]
    assert after == before


@pytest.mark.skipif(below_usr(), reason="this Python is not there in GIMP's system")
def test_a_gimp_that_was_never_started_takes_settings_over(gimp: Gimp, tmp_path: Path) -> None:
    if not gimp.has_screen:
        pytest.skip("an installed GIMP has no home of its own here")
    base = tmp_path / "home" / ".config" / "GIMP"
    (base / "2.10" / "brushes").mkdir(parents=True)
    (base / "2.10" / "brushes" / "mine.gbr").touch()
    words = [sys.executable, "-m", "gpen_engine.installation.placing", str(CHECKOUT)]
    seen = Setting(readable=[Path(sys.prefix), Path(sys.base_prefix)])
    done = gimp.start(words, tmp_path / "home", tmp_path / "output.txt", seen)
    assert done.status == 0, done.output
    assert (base / gimp.name / "plug-ins" / NAME / f"{NAME}.py").exists()
    assert (base / gimp.name / "brushes" / "mine.gbr").exists()
