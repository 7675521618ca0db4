"""Which GIMPs are found, on faked layouts of each system."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

import pytest

from gpen_engine.installation.gimps import (
    Gimp,
    System,
    found,
    has_predecessor,
    let_it_make_its_profile,
)
from gpen_engine.installation.profiles import profiles


class Layout:
    """A computer in a folder.

    Attributes:
        environment: of its user, whose PATH holds ``/usr/bin`` and the folder of Snap.
    """

    def __init__(self, root: Path, platform: str) -> None:
        self.root, self.platform = root, platform
        self.home = root / "home" / "ann"
        self.home.mkdir(parents=True)
        path = os.pathsep.join(str(root / name) for name in ("usr/bin", "snap/bin", "gone"))
        self.environment = {"HOME": str(self.home), "USERPROFILE": str(self.home), "PATH": path}

    def file(self, name: str, content: bytes = b"") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def program(self, name: str, says: str = "") -> Path:
        path = self.file(name, f"#!/bin/sh\necho '{says}'\n".encode())
        path.chmod(0o755)
        return path

    def flatpak(self, store: str, version: str) -> None:
        app = self.root / store / "app" / "org.gimp.GIMP"
        self.file(f"{store}/app/org.gimp.GIMP/x86_64/stable/0b5e/files/bin/gimp-{version}")
        (app / "x86_64" / "stable" / "active").symlink_to("0b5e")
        (app / "current").symlink_to("x86_64/stable")

    @property
    def system(self) -> System:
        return System(self.platform, self.environment, self.root)

    def found(self) -> list[tuple[str, str]]:
        return [(gimp.version, gimp.kind) for gimp in found(self.system)]


@pytest.fixture
def linux(tmp_path: Path) -> Layout:
    return Layout(tmp_path, "linux")


@pytest.fixture
def mac(tmp_path: Path) -> Layout:
    return Layout(tmp_path, "darwin")


@pytest.fixture
def windows(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "win32")
    layout.environment |= {
        "APPDATA": str(layout.home / "AppData" / "Roaming"),
        "LOCALAPPDATA": str(layout.home / "AppData" / "Local"),
        "ProgramFiles": str(tmp_path / "Program Files"),
        "ProgramW6432": str(tmp_path / "Program Files"),
    }
    return layout


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_nothing_is_found_where_there_is_no_gimp(tmp_path: Path, platform: str) -> None:
    assert found(Layout(tmp_path, platform).system) == []


def test_packages_side_by_side(linux: Layout) -> None:
    for name in ("gimp-3.0", "gimp-console-3.0", "gimp-3.2", "gimptool-3.2", "gimp-2.10", "gimp"):
        linux.program(f"usr/bin/{name}", "3.2.6")
    base = linux.home / ".config" / "GIMP"
    assert found(linux.system) == [
        Gimp("3.0", "package", base / "3.0"),
        Gimp("3.2", "package", base / "3.2"),
    ]


@pytest.mark.skipif(os.name != "posix", reason="runs scripts of a shell")
@pytest.mark.parametrize(
    ("says", "versions"),
    [
        ("GNU Image Manipulation Program version 3.2.6", ["3.2"]),
        ("GNU Image Manipulation Program version 2.10.34", []),
        ("", []),
    ],
)
def test_a_package_whose_programs_names_do_not_tell(
    linux: Layout, says: str, versions: list[str]
) -> None:
    linux.program("usr/bin/gimp", says)
    assert linux.found() == [(version, "package") for version in versions]


def test_a_program_that_does_not_run_is_none(linux: Layout) -> None:
    linux.program("usr/bin/gimp").write_bytes(b"\x7fELF nonsense")
    assert linux.found() == []


@pytest.mark.parametrize("store", ["var/lib/flatpak", "home/ann/.local/share/flatpak"])
def test_a_flatpak_has_the_same_profile_as_a_package(linux: Layout, store: str) -> None:
    linux.flatpak(store, "3.2")
    linux.program("usr/bin/gimp-3.2")
    profile = linux.home / ".config" / "GIMP" / "3.2"
    assert found(linux.system) == [
        Gimp("3.2", "package", profile),
        Gimp("3.2", "flatpak", profile),
    ]
    assert profiles(linux.system) == [profile]


def test_a_flatpak_elsewhere(linux: Layout) -> None:
    linux.flatpak("disk/flatpak", "3.0")
    assert linux.found() == []
    linux.environment["FLATPAK_SYSTEM_DIR"] = str(linux.root / "disk" / "flatpak")
    assert linux.found() == [("3.0", "flatpak")]


def test_a_snap_is_found_but_not_used(linux: Layout) -> None:
    (linux.root / "snap" / "gimp").mkdir(parents=True)
    linux.program("snap/bin/gimp", "GNU Image Manipulation Program version 3.0.4")
    (gimp,) = found(linux.system)
    assert (gimp.version, gimp.kind, gimp.profile, gimp.supported) == ("", "snap", None, False)
    assert "Flathub" in gimp.note
    own = linux.home / "snap" / "gimp" / "current" / ".config" / "GIMP" / "3.0"
    own.mkdir(parents=True)
    assert [(gimp.version, gimp.profile) for gimp in found(linux.system)] == [("3.0", own)]
    assert profiles(linux.system) == []


def test_a_profile_without_its_program(linux: Layout) -> None:
    base = linux.home / ".config" / "GIMP"
    for name in ("3.10", "3.2", "2.10", "2.99", "3.0", "3.x", "30.1"):
        (base / name).mkdir(parents=True)
    (base / "3.4").touch()  # no folder
    linux.program("usr/bin/gimp-3.2")
    assert linux.found() == [("3.0", "profile"), ("3.2", "package"), ("3.10", "profile")]
    assert profiles(linux.system) == [base / "3.0", base / "3.2", base / "3.10"]


def test_profiles_are_where_the_environment_says(linux: Layout) -> None:
    linux.program("usr/bin/gimp-3.2")
    linux.environment["XDG_CONFIG_HOME"] = str(linux.home / "settings")
    assert profiles(linux.system) == [linux.home / "settings" / "GIMP" / "3.2"]
    own = str(linux.home / "own")
    linux.environment["GIMP3_DIRECTORY"] = own
    (linux.home / "settings" / "GIMP" / "3.0").mkdir(parents=True)
    assert found(linux.system) == [Gimp("3.2", "package", Path(own))]
    linux.environment["PATH"] = ""
    assert profiles(linux.system) == [Path(own)]


def test_applications_of_a_mac(mac: Layout) -> None:
    for name, version in (
        ("Applications/GIMP.app", "3.0.6"),
        ("home/ann/Applications/GIMP-3.2.app", "3.2.4"),
        ("Applications/GIMP-2.10.app", "2.10.38"),
    ):
        facts = plistlib.dumps({"CFBundleShortVersionString": version})
        mac.file(f"{name}/Contents/Info.plist", facts)
    mac.file("Applications/GIMP broken.app/Contents/Info.plist", b"<plist>")
    base = mac.home / "Library" / "Application Support" / "GIMP"
    (base / "3.4").mkdir(parents=True)
    assert found(mac.system) == [
        Gimp("3.0", "macos", base / "3.0"),
        Gimp("3.2", "macos", base / "3.2"),
        Gimp("3.4", "profile", base / "3.4", note=found(mac.system)[2].note),
    ]


def test_programs_of_windows_and_their_own_pythons(windows: Layout) -> None:
    for name in ("Program Files/GIMP 3", "home/ann/AppData/Local/Programs/GIMP 3.0"):
        windows.file(f"{name}/bin/gimp-{'3.0' if 'Local' in name else '3.2'}.exe")
    own = windows.file("Program Files/GIMP 3/bin/python.exe")  # it can be left out in the other
    windows.file("Program Files/GIMP 2/bin/gimp-2.10.exe")
    base = windows.home / "AppData" / "Roaming" / "GIMP"
    assert found(windows.system) == [
        Gimp("3.0", "windows", base / "3.0"),
        Gimp("3.2", "windows", base / "3.2", python=own),
    ]


def test_gimp_from_the_store_of_windows(windows: Layout) -> None:
    windows.file("home/ann/AppData/Local/Microsoft/WindowsApps/gimp-3.2.exe")
    kept = "AppData/Local/Packages/GIMP.GIMP_x/LocalCache/Roaming/GIMP/3.2"
    (windows.home / kept).mkdir(parents=True)
    gimps = found(windows.system)
    assert {gimp.kind for gimp in gimps} == {"windows"}
    assert all("Store" in gimp.note for gimp in gimps)
    assert profiles(windows.system) == [windows.home / kept]


@pytest.mark.skipif(os.name != "posix", reason="runs scripts of a shell")
def test_a_gimp_that_was_never_started_makes_its_own_profile(linux: Layout) -> None:
    base = linux.home / ".config" / "GIMP"
    program = linux.program("usr/bin/gimp-console-3.2")
    told = linux.root / "told"
    program.write_text(f'#!/bin/sh\necho "$*" >> "{told}"\nmkdir -p "{base}/3.2"\n')
    linux.program("usr/bin/gimp-3.2")
    (gimp,) = found(linux.system)
    assert not has_predecessor(base / "3.2")
    (base / "3.0").mkdir(parents=True)
    assert has_predecessor(base / "3.2")
    for _ in range(2):
        let_it_make_its_profile(gimp)
    assert told.read_text() == "--no-interface --no-data --no-fonts --quit\n"
    assert not has_predecessor(base / "3.2")
    let_it_make_its_profile(Gimp("3.4", "package", base / "3.4", command=("/nowhere/gimp",)))
    assert not (base / "3.4").exists()
