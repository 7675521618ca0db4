"""The system starts the engine: the files for systemd and launchd, with managers that pretend."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpen_engine import GpenError
from gpen_engine.installation import autostart
from gpen_engine.installation.autostart import disable, enable, state
from gpen_engine.wire import EngineHome, Launch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such service")
LAUNCH = Launch(("/opt/a b/python", "-m", "gpen_engine", "serve"), "1.0", "python3 install.py")


class Computer:
    """A home, and a manager of services that notes what it is told.

    Attributes:
        units: where systemd's units of this user lie.
        answers: the manager's exit status.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.units = folder / ".config" / "systemd" / "user"
        self._told, self._answers = folder / "told", folder / "answers"
        self.answers(0)
        self._told.touch()
        (folder / "bin").mkdir()
        for name in ("systemctl", "launchctl"):
            program = folder / "bin" / name
            script = f'#!/bin/sh\necho "{name} $*" >> "{self._told}"\nexit $(cat "{self._answers}")'
            program.write_text(script + "\n")
            program.chmod(0o755)
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        monkeypatch.setattr(sys, "platform", "linux")

    def answers(self, status: int) -> None:
        self._answers.write_text(str(status))

    def told(self) -> list[str]:
        """What the manager was told since the last time this was asked."""
        lines = self._told.read_text().splitlines()
        self._told.write_text("")
        return lines


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    return Computer(tmp_path, monkeypatch)


@pytest.fixture
def installed(engine_home: EngineHome) -> EngineHome:
    engine_home.write_launch(LAUNCH)
    return engine_home


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_systemd_listens_at_once_and_after_each_login(
    computer: Computer, installed: EngineHome
) -> None:
    assert state(installed) == "off"
    assert "starts by itself" in enable(installed)
    assert state(installed) == "on"
    link = computer.units / "sockets.target.wants" / "gpen-engine.socket"
    assert link.resolve() == computer.units / "gpen-engine.socket"
    socket = (computer.units / "gpen-engine.socket").read_text().splitlines()
    assert f"ListenStream={installed.address}" in socket
    assert "SocketMode=0600" in socket
    service = (computer.units / "gpen-engine.service").read_text().splitlines()
    assert 'ExecStart="/opt/a b/python" "-m" "gpen_engine" "serve"' in service
    assert f'Environment="GPEN_ENGINE_HOME={installed.folder}"' in service
    assert computer.told()[-2:] == [
        "systemctl --user daemon-reload",
        "systemctl --user start gpen-engine.socket",
    ]


def test_the_key_is_there_before_the_engine_and_stays(
    computer: Computer, installed: EngineHome
) -> None:
    enable(installed)
    key = installed.key()
    enable(installed)
    assert installed.key() == key


def test_it_can_be_taken_back_without_a_trace(computer: Computer, installed: EngineHome) -> None:
    assert disable(installed) is False
    before = everything(installed.folder)
    other = computer.units / "other.service"
    other.parent.mkdir(parents=True)
    other.touch()
    enable(installed)
    computer.told()
    assert disable(installed) is True
    assert computer.told() == [
        "systemctl --user stop gpen-engine.socket gpen-engine.service",
        "systemctl --user daemon-reload",
    ]
    assert everything(computer.units) == ["other.service"]
    left = set(everything(installed.folder)) - set(before)
    assert left == {"logs", "run", "run/key"}
    assert state(installed) == "off"


def test_without_a_running_manager_it_works_after_the_next_login(
    computer: Computer, installed: EngineHome
) -> None:
    computer.answers(1)
    assert enable(installed).startswith("After your next login")
    assert state(installed) == "on"
    assert disable(installed)


def test_words_are_quoted_as_systemd_reads_them(engine_home: EngineHome) -> None:
    launch = Launch(('/a/50% "x"', "$HOME", "back\\slash"), "1.0", "")
    unit = autostart.service_unit(EngineHome(Path("/h/100%")), launch)
    assert r'ExecStart="/a/50%% \"x\"" "$$HOME" "back\\slash"' in unit.splitlines()
    assert 'Environment="GPEN_ENGINE_HOME=/h/100%%"' in unit.splitlines()
    assert "ListenStream=/h/100%%/run/socket" in autostart.socket_unit(EngineHome(Path("/h/100%")))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_understands_the_units(
    computer: Computer, engine_home: EngineHome, tmp_path: Path
) -> None:
    home = EngineHome(tmp_path / "a 100% $HOME b")
    program = tmp_path / "bin" / "python 100%"
    program.symlink_to(sys.executable)
    home.write_launch(Launch((str(program), "-m", "gpen $x", "serve"), "1.0", ""))
    enable(home)
    units = [str(path) for path in computer.units.glob("gpen-engine.*")]
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", *units],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "gpen" not in verified.stderr, verified.stderr
    assert verified.returncode == 0, verified.stderr


def test_launchd_is_given_an_agent(
    computer: Computer,
    installed: EngineHome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    enable(installed)
    path = tmp_path / "Library" / "LaunchAgents" / "gpen-gimp.engine.plist"
    facts = plistlib.loads(path.read_bytes())
    assert facts["ProgramArguments"] == list(LAUNCH.command)
    assert facts["Sockets"] == {
        "engine": {"SockPathName": installed.address, "SockPathMode": 0o600}
    }
    assert facts["EnvironmentVariables"] == {
        "GPEN_ENGINE_HOME": str(installed.folder),
        "GPEN_LAUNCHD_SOCKET": "engine",
    }
    assert "RunAtLoad" not in facts
    assert computer.told()[-1] == f"launchctl bootstrap gui/{os.getuid()} {path}"
    assert state(installed) == "on"
    assert disable(installed)
    assert computer.told()[-1] == f"launchctl bootout gui/{os.getuid()}/gpen-gimp.engine"
    assert not path.exists()


def test_without_systemd_it_says_so(
    computer: Computer, installed: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert state(installed) == "unavailable: This system does not use systemd."
    with pytest.raises(GpenError) as refused:
        enable(installed)
    assert refused.value.code == "no_autostart"
    assert not computer.units.exists()


def test_there_must_be_an_engine(computer: Computer, engine_home: EngineHome) -> None:
    with pytest.raises(GpenError) as missing:
        enable(engine_home)
    assert missing.value.code == "engine_missing"


def test_a_folder_that_cannot_be_written_is_told(computer: Computer, installed: EngineHome) -> None:
    computer.units.parent.parent.mkdir()
    computer.units.parent.touch()
    with pytest.raises(GpenError, match="cannot be written") as refused:
        enable(installed)
    assert refused.value.code == "no_autostart"
    assert state(installed) == "off"


def test_the_command(
    computer: Computer, installed: EngineHome, capsys: pytest.CaptureFixture[str]
) -> None:
    assert autostart.main(["on"]) == 0
    assert capsys.readouterr().out.startswith("The engine starts by itself")
    assert autostart.main(["off"]) == 0
    assert autostart.main(["off"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "The system did not start the engine."
    installed.launch_file.unlink()
    assert autostart.main(["on"]) == 1
    assert "not installed" in capsys.readouterr().err
