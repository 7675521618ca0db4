"""Packages that are missing, broken, or do not belong together, each planted for a real process."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from gpen_engine.doctor import probe
from gpen_engine.doctor.finding import Case, Finding
from gpen_engine.doctor.probe import begin, findings
from gpen_engine.installation.steps import write_state
from gpen_engine.wire import EngineHome

Plant = Callable[[str, str], None]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Puts a file before all packages."""
    packages = tmp_path / "packages"
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{packages}{os.pathsep}{before}".rstrip(os.pathsep))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def write(name: str, content: str) -> None:
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    # As the fixture ``environment`` does it in this process.
    write("sitecustomize.py", f"import sys\nsys.prefix = {str(tmp_path / 'environment')!r}\n")
    return write


def probed(patience: float = 60) -> list[Finding]:
    return findings(begin(), Case.of_user(), patience)


def faults(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.mark == "fault"]


def test_without_pytorch(plant: Plant, repair: str) -> None:
    plant("torch.py", "raise ModuleNotFoundError(\"No module named 'torch'\")")
    (only,) = probed()  # and nothing that would need it
    assert only == Finding("fault", "PyTorch", "It does not load: No module named 'torch'.", repair)


def test_a_pytorch_whose_library_does_not_load(plant: Plant, repair: str) -> None:
    plant("torch/__init__.py", "print('noise')\nraise OSError('libcudart.so: cannot open\\nmore')")
    (only,) = probed()
    assert only.sentence == "It does not load: libcudart.so: cannot open."
    assert only.cure == repair


def test_a_package_that_is_missing_and_a_torchvision_of_another_torch(
    plant: Plant, repair: str
) -> None:
    plant("tifffile.py", "raise ModuleNotFoundError(\"No module named 'tifffile'\")")
    metadata = "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.19.0\n"
    plant("torchvision-0.19.0.dist-info/METADATA", f"{metadata}Requires-Dist: torch ==2.4.0\n")
    found = probed()
    pair, missing = faults(found)
    assert pair.name == "PyTorch"
    assert pair.sentence.startswith("torchvision 0.19.0 belongs to torch 2.4.0, not ")
    assert missing.name == "Packages"
    assert missing.sentence == "tifffile does not load: No module named 'tifffile'."
    assert pair.cure == missing.cure == repair
    assert [f.mark for f in found if f.name in ("Device", "Models")] == ["ok", "ok"]


def test_a_broken_facexlib(plant: Plant, repair: str) -> None:
    plant("facexlib/__init__.py", "")
    (fault,) = faults(probed())
    assert fault.name == "Packages"
    assert "face parsers do not load: No module named 'facexlib." in fault.sentence
    assert fault.cure == repair


@pytest.mark.skipif(os.name != "posix", reason="a process ends otherwise there")
def test_a_package_that_ends_the_process(plant: Plant, repair: str) -> None:
    plant("cv2.py", "import os\nos.kill(os.getpid(), 11)")
    (fault,) = faults(probed())
    assert fault.name == "Packages"
    assert fault.sentence == "This check was cut off: its Python ended with status -11."
    assert fault.cure == repair


def test_a_package_that_never_ends_loading(plant: Plant, repair: str) -> None:
    plant("torch.py", "import time\ntime.sleep(600)")
    (fault,) = probed(patience=2)
    assert fault.name == "PyTorch"
    assert fault.sentence == "This check was cut off: it did not end within 2 s."
    assert fault.cure == repair


def test_a_check_that_fails_is_a_finding() -> None:
    def fails(case: Case):
        yield Finding("ok", "first", "This was found.")
        raise PermissionError(13, "Permission denied", "/x")

    first, second = probe.guarded("it", fails, Case.of_user())
    assert first.mark == "ok"
    assert (second.mark, second.name) == ("warning", "it")
    assert second.sentence.startswith("This could not be checked: ")
    assert "Permission denied" in second.sentence


def test_an_environment_that_the_installer_made(
    repair: str, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is made again as a whole, at its place."""
    for env, again in (
        (engine_home.folder / "env", repair),
        (tmp_path / "an env", f"{repair} --venv '{tmp_path}/an env'"),
    ):
        (env / "bin").mkdir(parents=True)
        monkeypatch.setattr("sys.prefix", str(env))
        assert Case.of_user().environment_anew() == repair
        write_state(env, {})
        assert Case.of_user().environment_anew() == f"rm -rf {shlex.quote(str(env))} && {again}"
