"""``gpen train`` and ``gpen sample``."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gpen_engine import load_model
from gpen_engine.cli.train import asked_to_stop, shown

TINY = ["--size", 64, "--narrow", 0.0625, "--batch", 1, "--workers", 0]


@pytest.fixture
def faces(save, face, tmp_path: Path) -> Path:
    for number in range(3):
        save(tmp_path / "faces" / f"{number}.png", np.roll(face, number, axis=1))
    return tmp_path / "faces"


def state(run: Path) -> dict:
    return torch.load(run / "state.pt", weights_only=True)


@pytest.mark.slow
def test_a_run_is_trained_measured_resumed_and_exported(gpen, faces, tmp_path) -> None:
    run = tmp_path / "run"
    words = ["train", faces, "-o", run, *TINY, "--device", "cpu"]
    more = ["--learning-rate", 0.001, "--adversarial", 0.5, "--warm-up", 1, "--seed", 3]
    result = gpen(*words, *more, "--channel-multiplier", 1, "--steps", 2, "--val", faces)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in run.iterdir()) == [
        *("log.jsonl", "model.safetensors", "sheet.png", "state.pt"),
    ]
    lines = result.stdout.splitlines()
    assert lines[0] == "step      2"
    assert lines[1].startswith("    mild      psnr_before ")
    size = (run / "model.safetensors").stat().st_size / 1e6
    assert lines[-1] == f"{run / 'model.safetensors'}: {size:.1f} MB, after 2 steps"
    assert json.loads((run / "log.jsonl").read_text())["step"] == 2
    wanted = {"size": 64, "narrow": 0.0625, "channel_multiplier": 1, "batch": 1, "steps": 2} | {
        "learning_rate": 0.001,
        "adversarial": 0.5,
        "warm_up": 1,
        "seed": 3,
    }
    assert wanted.items() <= state(run)["options"].items()
    model = load_model(run / "model.safetensors", device="cpu")
    assert (model.config.in_size, model.config.narrow) == (64, 0.0625)
    assert {t.dtype for t in load_file(run / "model.safetensors").values()} == {torch.float16}

    result = gpen(*words, "--steps", 3)
    assert result.exit_code == 1
    assert "--resume" in result.stderr
    assert state(run)["step"] == 2
    result = gpen(*words, "--steps", 3, "--resume", "--quiet")  # the same command again
    assert (result.exit_code, result.output) == (0, "")
    assert state(run)["step"] == 3
    assert state(run)["options"]["adversarial"] == 0.5  # as before
    result = gpen("train", faces, "-o", run, "--resume", "--size", 128)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: The run in {run} has size 64, not 128.\n")
    result = gpen("train", faces, "-o", run, "--resume", "--narrow", 0.5)
    assert f"The run in {run} has narrow 0.0625, not 0.5." in result.stderr


@pytest.mark.slow
def test_a_model_is_trained_further(gpen, faces, model_file, tmp_path) -> None:
    """The run is of the model's size and begins with its weights; not of another size."""
    run, before = tmp_path / "run", load_model(model_file, device="cpu")
    words = ["train", faces, "-o", run, "--from", model_file, "--batch", 1, "--workers", 0]
    result = gpen(*words, "--size", 128)
    assert result.exit_code == 1
    assert f"{before.name} has size {before.config.in_size}, not 128." in result.stderr
    result = gpen(*words, "--steps", 1, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert state(run)["options"]["learning_rate"] == 1e-3
    after = load_model(run / "model.safetensors", device="cpu")
    assert after.config == before.config
    weights = after.network.state_dict()
    for key, tensor in before.network.state_dict().items():
        assert torch.allclose(weights[key].float(), tensor.float(), rtol=0.01, atol=0.01), key
    result = gpen(*words, "--steps", 2, "--resume", "--quiet")  # the same command again
    assert (result.exit_code, result.output) == (0, "")


def test_no_model_to_begin_with(gpen, faces, tmp_path) -> None:
    result = gpen("train", faces, "-o", tmp_path / "run", "--from", "no such model")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--size", 100], "There is no network for faces of 100 pixels."),
        (["--size", 64, "--narrow", 0.0001], "The network would have levels without channels."),
        (["--resume"], "There is no training state in "),
    ],
)
def test_a_run_that_cannot_be_is_refused(gpen, faces, tmp_path, words, sentence) -> None:
    result = gpen("train", faces, "-o", tmp_path / "run", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}")
    assert not (tmp_path / "run").exists()


def test_without_pictures_nothing_is_trained(gpen, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    result = gpen("train", tmp_path / "empty", "-o", tmp_path / "run", *TINY)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No pictures were found in ")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal here")
@pytest.mark.slow
def test_ctrl_c_saves_the_run(process, faces, tmp_path) -> None:
    """Also with a process beside it that prepares pictures, which gets the signal as well."""
    run = tmp_path / "run"
    words = [*TINY[:-1], 1, "--steps", 100000, "--device", "cpu"]
    running = process("train", faces, "-o", run, *words, start_new_session=True)
    log = run / "log.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (log.exists() and log.stat().st_size):
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert stdout.startswith("step     50  content ")
    first, second, third = stderr.splitlines()
    step = state(run)["step"]
    assert first == "Stopping after this step ..."
    assert second == f"Stopped after step {step} of 100000; saved."
    assert third == "To go on, give the same command with --resume."
    assert step >= 50


def test_the_second_ctrl_c_is_not_polite() -> None:
    with asked_to_stop(quiet=True) as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_rows_of_the_log_as_text() -> None:
    assert shown({"content": 0.5, "step": 50}) == "step     50  content 0.5"
    row = {"step": 7, "mild": {"psnr": 20.5, "detail": 1}, "strong": {"psnr": 18}}
    assert shown(row).splitlines() == [
        "step      7",
        "    mild      psnr 20.5  detail 1",
        "    strong    psnr 18",
    ]


def test_sample_writes_four_pictures_and_names_them(gpen, model_file, tmp_path) -> None:
    folder = tmp_path / "new" / "sample"
    result = gpen("sample", "-o", folder, "--model", model_file, "--device", "cpu")
    assert result.exit_code == 0
    names = ["before", "after", "truth", "sheet"]
    assert result.stdout.splitlines() == [str(folder / f"sample-{n}.png") for n in names]
    assert len(list(folder.iterdir())) == 4
    assert gpen("sample", "-o", folder, "--model", "none").exit_code == 1
