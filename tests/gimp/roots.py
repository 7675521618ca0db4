"""Makes the two Debian systems with a real GIMP that the tests use: ``python3 roots.py [all]``.

GIMP 3.0 comes from Debian trixie and GIMP 3.2 from forky, each with Python's GObject bindings, an X
server without a screen and what reads windows. Each takes about a minute and 0.7 GB, once. They
lie in ``$GPEN_GIMP_ROOTS``, or else in the user's cache folder. Standard library only.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sandbox

SUITES = {"3.0": "trixie", "3.2": "forky"}
PACKAGES = [
    "gimp",
    "gir1.2-gimp-3.0",
    "gir1.2-gtk-3.0",
    "python3",
    "python3-gi",
    # A screen, a window manager, keys and pictures of the screen.
    "fonts-dejavu-core",
    "imagemagick",
    "openbox",
    "x11-utils",
    "xauth",
    "xdotool",
    "xvfb",
    # Reading windows.
    "at-spi2-core",
    "dbus",
    "dbus-x11",
    "gir1.2-atspi-2.0",
    "procps",
]
LAYOUT = 1  # changed when finished roots of an older kind of making will not do
STAMP = "made.json"
SOURCES = Path("/etc/apt")
RELEASE = Path("/etc/os-release")


class RootUnavailable(Exception):
    """This machine cannot have the root; the text is one plain sentence."""


class GimpRoot(NamedTuple):
    """A finished Debian system with GIMP.

    Attributes:
        root: the system, to be used read-only.
        home: a home folder in which GIMP has been started once, to be copied.
        version: what GIMP says, like "3.0.4".
    """

    root: Path
    home: Path
    version: str


def folder() -> Path:
    """Where the roots lie, one folder for each suite."""
    chosen = os.environ.get("GPEN_GIMP_ROOTS")
    if chosen:
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "gpen-gimp" / "roots"


def obtain(suite: str) -> GimpRoot:
    """The root of a suite, made now if there is none yet (or one of other packages).

    Raises:
        RootUnavailable: it is not there and cannot be made here.
    """
    if not sys.platform.startswith("linux"):
        raise RootUnavailable("Tests in a real GIMP need Linux.")
    if os.geteuid() != 0:
        raise RootUnavailable("Tests in a real GIMP need to run as root, to mount a Debian system.")
    for tool in ("setpriv", "unshare"):
        if not shutil.which(tool):
            raise RootUnavailable(f"Tests in a real GIMP need the command {tool} (util-linux).")
    place = folder() / suite
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_suffix(".lock")):
        return finished(place, suite) or make(place, suite)


def finished(place: Path, suite: str) -> GimpRoot | None:
    """The root at this place if it is whole and of this suite and these packages."""
    try:
        stamp = json.loads((place / STAMP).read_text())
    except (OSError, ValueError):
        return None
    if stamp.get("recipe") != recipe(suite):
        return None
    return GimpRoot(place / "root", place / "home", stamp["version"])


def recipe(suite: str) -> list[str]:
    return [str(LAYOUT), suite, *PACKAGES]


def make(place: Path, suite: str) -> GimpRoot:
    """Makes the root beside its place and moves it there when it is whole."""
    source = os.environ.get("GPEN_DEBIAN_MIRROR") or mirror()
    need_mmdebstrap()
    partial = place.with_suffix(".partial")
    remove(partial)
    (partial / "home").mkdir(parents=True)
    bootstrap(suite, partial / "root", source, place.with_suffix(".log"))
    version = first_start(partial / "root", partial / "home", partial / "first-start.log")
    (partial / STAMP).write_text(json.dumps({"recipe": recipe(suite), "version": version}))
    remove(place)
    partial.rename(place)
    return GimpRoot(place / "root", place / "home", version)


def bootstrap(suite: str, root: Path, source: str, log: Path) -> None:
    """One call of mmdebstrap, of which no mount and no process outlives this one."""
    options = [
        'Acquire::Check-Valid-Until "false"',  # a mirror may be a snapshot
        'Acquire::Languages "none"',
        'Acquire::Retries "3"',
        'APT::Install-Recommends "false"',
    ]
    unwanted = ["/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*"]
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation=private"]
    command += ["--pid", "--fork", "--kill-child", "--mount-proc"]
    command += ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += [f"--aptopt={option}" for option in options]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in unwanted]
    command += [suite, str(root), source]
    with log.open("w") as file:
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT).returncode
    if status:
        last = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
        why = last[0].strip() if last else f"status {status}"
        raise RootUnavailable(f"Debian {suite} could not be made ({why}); all of it is in {log}.")


def first_start(root: Path, home: Path, log: Path) -> str:
    """Starts GIMP once, so that later starts find its plug-ins asked and its fonts listed.

    Returns the version.
    """

    def gimp(*arguments: str) -> str:
        done = sandbox.run(root, ["gimp-console", *arguments], output=log, home=home, limit=180)
        if done.status != 0:
            raise RootUnavailable(f"GIMP does not start in its new root; what it said is in {log}.")
        return done.output

    version = gimp("--version").split()[-1]
    profile = home / ".config" / "GIMP" / ".".join(version.split(".")[:2])
    profile.mkdir(parents=True)
    # No windows that wait for a click at the first start.
    settings = [f'(config-version "{version}")', "(show-welcome-dialog no)", "(check-updates no)"]
    (profile / "gimprc").write_text("\n".join(settings) + "\n")
    gimp("-i", "--quit", "--batch-interpreter=python-fu-eval", "-b", "pass")
    return version


def mirror() -> str:
    """The address of the Debian mirror that this machine is set up with."""
    try:
        release = RELEASE.read_text()
    except OSError:
        release = ""
    facts = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    if facts.get("ID", "").strip('"') == "debian":
        for address, suite in sources():
            if suite == facts.get("VERSION_CODENAME", "").strip('"'):
                return address
    raise RootUnavailable(
        "This machine is not set up with a Debian mirror; name one in GPEN_DEBIAN_MIRROR to run "
        "the tests in a real GIMP."
    )


def sources() -> Iterator[tuple[str, str]]:
    """(address, suite) of each package source of apt, in both of its formats."""
    for path in sorted((SOURCES / "sources.list.d").glob("*.sources")):
        for stanza in path.read_text().split("\n\n"):
            fields = dict(line.split(":", 1) for line in stanza.splitlines() if ":" in line)
            for address in fields.get("URIs", "").split():
                for suite in fields.get("Suites", "").split():
                    yield address, suite
    lists = [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*.list"))]
    for path in lists:
        for line in path.read_text().splitlines() if path.is_file() else []:
            words = [word for word in line.partition("#")[0].split() if word[0] not in "[]"]
            words = [word for word in words if "=" not in word]
            if len(words) >= 3 and words[0] == "deb":
                yield words[1], words[2]


def need_mmdebstrap() -> None:
    if shutil.which("mmdebstrap"):
        return
    wanted = "Tests in a real GIMP need mmdebstrap"
    if not shutil.which("apt-get"):
        raise RootUnavailable(f"{wanted}, and there is no apt here to install it with.")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap"]
    for command in (["apt-get", "update", "-qq"], install):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RootUnavailable(f"{wanted}, and apt could not install it: {done.stderr.strip()}")


def remove(place: Path) -> None:
    """Removes a root, but nothing of another file system, should one be mounted in it."""
    subprocess.run(["rm", "-rf", "--one-file-system", str(place)], check=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until no other process holds this lock."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes what is missing; status 1 and one sentence on stderr where that is impossible."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    names = [*SUITES.values(), "all"]
    parser.add_argument("suite", nargs="?", default="all", choices=names, help="default: all")
    chosen = parser.parse_args(arguments).suite
    for suite in SUITES.values() if chosen == "all" else [chosen]:
        try:
            made = obtain(suite)
        except RootUnavailable as error:
            print(error, file=sys.stderr)
            return 1
        print(f"GIMP {made.version} (Debian {suite}): {made.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
