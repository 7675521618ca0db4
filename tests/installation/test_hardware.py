"""Graphics cards, on computers that are pretended."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpen_engine.installation import hardware
from gpen_engine.installation.hardware import Hardware, detect, gfx, is_arc, numbers


def silent(_: Sequence[str]) -> str:
    return ""


def card(sys_folder: Path, number: int, vendor: str, device: str) -> None:
    folder = sys_folder / f"class/drm/card{number}/device"
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "device").write_text(f"{device}\n")


def node(sys_folder: Path, number: int, version: int) -> None:
    folder = sys_folder / f"class/kfd/kfd/topology/nodes/{number}"
    folder.mkdir(parents=True)
    (folder / "properties").write_text(f"cpu_cores_count 0\ngfx_target_version {version}\n")


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.usefixtures("linux")
def test_of_nvidias_cards_the_most_capable_counts(tmp_path: Path) -> None:
    def ask(command: Sequence[str]) -> str:
        assert "nvidia-smi" in command[0]
        return "Quadro K620, 580.65.06, 5.0\nNVIDIA RTX 4000, SFF, 580.65.06, 8.9\nsomething else\n"

    found = detect(ask, tmp_path)
    assert found == Hardware("nvidia", "NVIDIA RTX 4000, SFF", (580, 65, 6), (8, 9))


@pytest.mark.usefixtures("linux")
def test_a_card_without_its_driver_is_still_seen(tmp_path: Path) -> None:
    card(tmp_path, 0, "0x8086", "0x3e9b")
    card(tmp_path, 1, "0x10de", "0x2484")
    assert detect(silent, tmp_path) == Hardware("nvidia", "an NVIDIA card")


@pytest.mark.usefixtures("linux")
def test_amds_newest_card_that_can_compute(tmp_path: Path) -> None:
    card(tmp_path, 0, "0x1002", "0x73bf")
    assert detect(silent, tmp_path) == Hardware("amd", "an AMD card")
    for number, version in enumerate((0, 90010, 100300)):
        node(tmp_path, number, version)
    assert detect(silent, tmp_path) == Hardware("amd", "an AMD card (gfx1030)", model=(10, 3, 0))
    assert gfx((9, 0, 10)) == "gfx90a"
    assert gfx((12, 0, 1)) == "gfx1201"


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("device", "arc"),
    [("0x56a0", True), ("0xe20b", True), ("0x7d55", True), ("0x3e9b", False), ("0x9a49", False)],
)
def test_intels_graphics_since_arc(tmp_path: Path, device: str, arc: bool) -> None:
    card(tmp_path, 0, "0x8086", device)
    found = detect(silent, tmp_path)
    assert found.maker == "intel"
    assert is_arc(found) == arc


@pytest.mark.usefixtures("linux")
def test_the_card_beside_the_chips_graphics_counts(tmp_path: Path) -> None:
    card(tmp_path, 0, "0x8086", "0x4680")
    card(tmp_path, 1, "0x8086", "0x56a0")
    assert is_arc(detect(silent, tmp_path))


@pytest.mark.usefixtures("linux")
def test_nothing_that_can_compute(tmp_path: Path) -> None:
    assert detect(silent, tmp_path) == Hardware("none")
    card(tmp_path, 0, "0x1a03", "0x2000")  # the screen of a server
    (tmp_path / "class/drm/card0-VGA-1").mkdir()
    (tmp_path / "class/drm/card1").mkdir()
    assert detect(silent, tmp_path) == Hardware("none")


@pytest.mark.parametrize(("machine", "maker"), [("arm64", "apple"), ("x86_64", "none")])
def test_macs(machine: str, maker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(hardware.platform, "machine", lambda: machine)
    assert detect(silent).maker == maker


@pytest.mark.parametrize(
    ("names", "maker"),
    [
        ("Intel(R) UHD Graphics 770\nNVIDIA GeForce RTX 3060\n", "nvidia"),
        ("AMD Radeon(TM) Graphics\n", "amd"),
        ("Intel(R) Arc(TM) A770 Graphics\n", "intel"),
        ("Microsoft Basic Display Adapter\n", ""),
    ],
)
def test_names_on_windows(names: str, maker: str) -> None:
    found = hardware.on_windows(lambda _: names)
    assert (found.maker if found else "") == maker
    assert found is None or is_arc(found) == ("Arc" in names)


def test_a_program_that_is_not_there_says_nothing() -> None:
    assert hardware.ask(["no-such-program"]) == ""
    assert hardware.ask([sys.executable, "-c", "print(1); raise SystemExit(9)"]) == ""
    assert hardware.ask([sys.executable, "-c", "print('a card')"]) == "a card\n"
    assert numbers("528.33") == (528, 33)
