"""``install.py`` with the real venv and pip, and something wrong: a sentence with a way out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""

pytestmark = pytest.mark.slow


def run(home: Path, *options: str, **variables: str) -> tuple[int, str]:
    """Status and the last line of what it says; no more than that may go to the error output."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("PIP_") and "proxy" not in k}
    ours |= {"GPEN_ENGINE_HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1"}
    command = [sys.executable, str(ROOT / "install.py"), "--no-uv", "--device", "cpu", *options]
    done = subprocess.run(
        command, env={**ours, **variables}, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("variables", "advice"),
    [
        ({"PIP_INDEX_URL": f"{NOBODY}/simple"}, "the package registry cannot be reached; check"),
        (
            {"PIP_INDEX_URL": "https://localhost:9/simple", "HTTPS_PROXY": NOBODY},
            "the proxy does not let it through to the package registry; check the variable",
        ),
    ],
)
def test_no_way_to_the_package_index(
    tmp_path: Path, variables: dict[str, str], advice: str
) -> None:
    home = tmp_path / "home"
    status, said = run(home, **variables)
    assert status == 1
    assert said.startswith(f"Could not install PyTorch, the largest part: {advice}")
    assert said.endswith(f"it goes on from here. The whole story is in {home / 'env/install.log'}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here (needs root)")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    status, said = run(tmp_path / "home", "--venv", str(small_disk / "env"))
    assert status == 1
    assert said.startswith(f"There is too little room in {small_disk / 'env'}: this takes about")
    assert said.endswith("are free; make room, or choose another disk with --venv FOLDER.")


def test_a_disk_that_can_only_be_read(small_disk: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    status, said = run(tmp_path / "home", "--venv", str(small_disk / "env"))
    assert status == 1
    assert "may not be written to; choose another with --venv FOLDER" in said


def test_something_else_is_in_the_way(tmp_path: Path) -> None:
    letter = tmp_path / "home" / "env"
    letter.parent.mkdir()
    letter.write_text("Dear")
    status, said = run(tmp_path / "home")
    assert (status, letter.read_text()) == (1, "Dear")
    assert said.startswith(f"Cannot use {letter}: ")
