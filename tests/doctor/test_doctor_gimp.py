"""GIMPs that cannot reach the engine, and an engine that the system should start."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from examining import all_well, look, the_fault

from gpen_engine.doctor.gimp import autostarted, gimp
from gpen_engine.installation import autostart, gimps
from gpen_engine.wire import EngineHome

Install = Callable[[], None]
find = gimps.found


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system without any GIMP: its root folder."""
    root = tmp_path / "root"
    (root / "home").mkdir(parents=True)
    environment = {"HOME": str(root / "home")}
    system = gimps.System("linux", environment, root)
    monkeypatch.setattr(gimps, "found", lambda: find(system))
    return root


def flatpak(root: Path) -> None:
    programs = root / "var/lib/flatpak/app/org.gimp.GIMP/current/active/files/bin"
    programs.mkdir(parents=True)
    (programs / "gimp-console-3.2").touch()


def test_every_gimp_with_its_profile(install: Install) -> None:
    assert [(found.mark, found.sentence) for found in look(gimp)] == [
        ("ok", "GIMP 3.0, with its profile ~/.config/GIMP/3.0."),
        ("ok", "GIMP 3.2, with its profile ~/.config/GIMP/3.2."),
    ]


def test_no_gimp(elsewhere: Path, repair: str) -> None:
    finding = the_fault(gimp, "warning")
    assert finding.name == "GIMP"
    assert (finding.sentence, finding.cure) == (
        "No GIMP 3 was found. Install it and start it once.",
        repair,
    )


def test_gimp_from_snap(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "snap/gimp").mkdir(parents=True)
    fault = the_fault(gimp)
    assert fault.sentence.startswith("GIMP 3 from Snap is not supported. ")
    assert fault.cure == "Install GIMP 3 from your system's packages or as a Flatpak."
    monkeypatch.setattr("shutil.which", lambda name, **_: name == "flatpak" or None)
    assert the_fault(gimp).cure == "flatpak install flathub org.gimp.GIMP"
    flatpak(elsewhere)
    assert the_fault(gimp, "warning").cure == ""  # one that works is there


def test_a_flatpak_that_cannot_start_the_engine(
    elsewhere: Path,
    install: Install,
    repair: str,
    engine_home: EngineHome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flatpak(elsewhere)
    launch = json.loads(engine_home.launch_file.read_text())
    engine_home.launch_file.write_text(json.dumps({**launch, "standalone": False}))
    finding = the_fault(gimp, "warning")
    assert finding.sentence.startswith("GIMP 3.2 from Flathub cannot start the engine")
    assert finding.cure == f"{repair} --autostart"
    monkeypatch.setattr(autostart, "state", lambda _: "on")
    assert all_well(gimp)


def test_a_flatpak_with_a_standalone_python(
    elsewhere: Path, install: Install, engine_home: EngineHome
) -> None:
    flatpak(elsewhere)
    launch = json.loads(engine_home.launch_file.read_text())
    engine_home.launch_file.write_text(json.dumps({**launch, "standalone": True}))
    assert all_well(gimp)


def test_a_profile_whose_gimp_is_gone(elsewhere: Path) -> None:
    (elsewhere / "home/.config/GIMP/3.0").mkdir(parents=True)
    assert "the program itself was not found" in the_fault(gimp, "note").sentence


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("on", "The system starts the engine when GIMP asks for it."),
        ("off", "GIMP starts the engine itself."),
        (
            "unavailable: This system does not use systemd.",
            "This system does not use systemd. GIMP starts the engine itself.",
        ),
    ],
)
def test_autostart(monkeypatch: pytest.MonkeyPatch, state: str, said: str) -> None:
    monkeypatch.setattr(autostart, "state", lambda _: state)
    assert [(found.mark, found.sentence) for found in look(autostarted)] == [("ok", said)]


def test_half_of_autostart(engine_home: EngineHome, repair: str) -> None:
    engine_home.autostart.touch()
    fault = the_fault(autostarted)
    assert fault.name == "Autostart"
    assert fault.sentence.startswith("It is half there")
    assert fault.cure == f"{repair} --autostart"
    engine_home.autostart.unlink()
    assert all_well(autostarted)
