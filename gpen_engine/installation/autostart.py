"""The system starts the engine as soon as GIMP connects: a systemd socket, or a launchd agent.

The system holds the engine's socket from login on, starts the engine at the first connection and
hands the socket over; when the engine leaves because nobody came, the system listens on.
``python -m gpen_engine.installation.autostart on|off``
"""

from __future__ import annotations

import argparse
import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import GpenError
from ..files import replacing
from ..wire import EngineHome, Launch
from ..wire.home import LAUNCHD_VARIABLE, VARIABLE
from ..wire.launch import stop_running

UNIT = "gpen-engine"
LABEL = "gpen-gimp.engine"
"""What launchd calls it."""
SOCKET = "engine"
"""Under which name launchd keeps the socket."""


def enable(home: EngineHome) -> str:
    """Sets it up, or anew for an engine that was installed anew; returns what was done, one line.

    Raises:
        GpenError: ``no_autostart`` when this system cannot do it, ``engine_missing`` when there is
            no engine yet, ``bad_home``.
    """
    why = _unavailable()
    if why:
        raise GpenError("no_autostart", why, "GIMP starts the engine by itself where it can.")
    launch = home.launch()
    if launch is None:
        raise GpenError("engine_missing", "The GPEN engine is not installed yet.")
    home.make()
    home.kept_key()  # for those who connect before the engine has ever run
    _switch_off()
    stop_running(home)  # it has the socket
    try:
        for path, content in _files(home, launch).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as fresh:
                fresh.write_bytes(content)
        for link in _links():
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(Path("..") / link.name)
        home.autostart.touch()
    except OSError as error:
        raise GpenError(
            "no_autostart",
            f"{error.filename} cannot be written: {error.strerror}.",
            "Make that place yours and writable, and run the same command again.",
        ) from error
    if _switch_on():
        return "The engine starts by itself whenever GIMP asks for it."
    return "After your next login the engine starts by itself whenever GIMP asks for it."


def disable(home: EngineHome) -> bool:
    """Takes it all back; False when there was nothing. An engine that runs is ended.

    Raises:
        OSError: a file cannot be removed.
    """
    there = [path for path in (*_links(), *_paths(), home.autostart) if os.path.lexists(path)]
    if not there:
        return False
    _switch_off()
    stop_running(home)
    for path in there:
        path.unlink()
        if path in _links() and not any(path.parent.iterdir()):
            path.parent.rmdir()
    if sys.platform != "darwin":
        _run("systemctl", "--user", "daemon-reload")
    return True


def state(home: EngineHome) -> str:
    """ "on", "off", or "unavailable: " and why."""
    if home.autostart.exists() and all(path.exists() for path in _paths()):
        return "on"
    why = _unavailable()
    return f"unavailable: {why}" if why else "off"


def _unavailable() -> str:
    """Why this system cannot do it; empty when it can."""
    if os.name != "posix":
        return "Windows has nothing that starts a user's program on a connection."
    if sys.platform != "darwin" and not shutil.which("systemctl"):
        return "This system does not use systemd."
    return ""


def _paths() -> list[Path]:
    if sys.platform == "darwin":
        return [Path("~/Library/LaunchAgents").expanduser() / f"{LABEL}.plist"]
    return [_units() / f"{UNIT}.socket", _units() / f"{UNIT}.service"]


def _links() -> list[Path]:
    """What makes systemd listen after each login; launchd needs nothing of the kind."""
    if sys.platform == "darwin":
        return []
    return [_units() / "sockets.target.wants" / f"{UNIT}.socket"]


def _units() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "systemd", "user").expanduser()


def _files(home: EngineHome, launch: Launch) -> dict[Path, bytes]:
    if sys.platform == "darwin":
        contents = [agent(home, launch)]
    else:
        contents = [socket_unit(home).encode(), service_unit(home, launch).encode()]
    return dict(zip(_paths(), contents))


def socket_unit(home: EngineHome) -> str:
    """What systemd listens at, closed to other users."""
    return (
        "[Unit]\n"
        "Description=Socket of the GPEN engine, which restores faces for GIMP\n"
        "\n"
        "[Socket]\n"
        f"ListenStream={home.address.replace('%', '%%')}\n"
        "SocketMode=0600\n"
        "DirectoryMode=0700\n"
        "RemoveOnStop=yes\n"
        "\n"
        "[Install]\n"
        "WantedBy=sockets.target\n"
    )


def service_unit(home: EngineHome, launch: Launch) -> str:
    """What systemd starts."""
    program, *rest = [_quoted(word) for word in launch.command]
    command = " ".join([program, *(word.replace("$", "$$") for word in rest)])
    return (
        "[Unit]\n"
        "Description=GPEN engine, which restores faces for GIMP\n"
        f"Requires={UNIT}.socket\n"
        "\n"
        "[Service]\n"
        f"ExecStart={command}\n"
        f"Environment={_quoted(f'{VARIABLE}={home.folder}')}\n"
    )


def _quoted(word: str) -> str:
    """As systemd reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def agent(home: EngineHome, launch: Launch) -> bytes:
    """What launchd listens at and starts."""
    output = str(home.logs / "engine.out")
    facts = {
        "Label": LABEL,
        "ProgramArguments": list(launch.command),
        "EnvironmentVariables": {VARIABLE: str(home.folder), LAUNCHD_VARIABLE: SOCKET},
        "Sockets": {SOCKET: {"SockPathName": home.address, "SockPathMode": 0o600}},
        "StandardOutPath": output,
        "StandardErrorPath": output,
        "ThrottleInterval": 1,  # it is only started when somebody asks for it
    }
    return plistlib.dumps(facts)


def _switch_on() -> bool:
    """Has the system listen now; False when it will only after the next login."""
    if sys.platform == "darwin":
        return _run("launchctl", "bootstrap", f"gui/{os.getuid()}", str(_paths()[0]))
    again = _run("systemctl", "--user", "daemon-reload")
    return again and _run("systemctl", "--user", "start", f"{UNIT}.socket")


def _switch_off() -> None:
    """Has the system listen no more, and end the engine that it started."""
    if sys.platform == "darwin":
        _run("launchctl", "bootout", f"gui/{os.getuid()}/{LABEL}")
    else:
        _run("systemctl", "--user", "stop", f"{UNIT}.socket", f"{UNIT}.service")


def _run(*command: str) -> bool:
    """False when it failed, as it does where no system manager of the user runs."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Has the system start the engine for GIMP.")
    parser.add_argument("what", choices=["on", "off"])
    home = EngineHome.of_user()
    try:
        if parser.parse_args(argv).what == "on":
            print(enable(home))
        elif disable(home):
            print("The system does not start the engine any more; GIMP does.")
        else:
            print("The system did not start the engine.")
    except GpenError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename} cannot be removed: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
