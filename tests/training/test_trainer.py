"""The training loop: steps, state, and going on from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from training_crops import crop, write_crops

from gpen_engine import GpenError, load_model
from gpen_engine.training.data import to_tensor
from gpen_engine.training.options import TrainingOptions
from gpen_engine.training.trainer import (
    KEPT_BACK,
    MEASURE_EVERY,
    PENALTY_EVERY,
    Trainer,
)
from gpen_engine.training.validation import Validation

CPU = torch.device("cpu")
SMALL = TrainingOptions(size=64, narrow=0.0625, batch=2, steps=2, warm_up=1)


def batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    """(damaged, truth): the crop with noise, and the crop."""
    source = torch.Generator().manual_seed(seed)
    truth = torch.stack([to_tensor(crop(2 * seed)), to_tensor(crop(2 * seed + 1))])
    return truth + 0.2 * torch.randn(truth.shape, generator=source), truth


def assert_same_weights(one: Trainer, other: Trainer) -> None:
    for name in ("generator", "average", "discriminator"):
        mine, theirs = (getattr(trainer, name).state_dict() for trainer in (one, other))
        assert mine.keys() == theirs.keys()
        for key in mine:
            assert torch.equal(mine[key], theirs[key]), f"{name}.{key}"


def test_two_steps_write_a_state_that_is_a_model(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL, CPU)
    trainer.run([write_crops(tmp_path / "crops", 3)], None, workers=0)
    assert trainer.step == 2
    state = torch.load(trainer.state_file, weights_only=True)
    assert state["step"] == 2
    assert TrainingOptions(**state["options"]) == SMALL
    model = load_model(trainer.state_file, device="cpu")
    assert model.config == SMALL.config
    for key, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, trainer.average.state_dict()[key]), key
    restored = model(batch()[0])
    assert restored.shape == (2, 3, 64, 64)
    assert restored.isfinite().all()


def test_a_resumed_run_is_the_same_run(tmp_path: Path) -> None:
    """Weights, averages and optimisers: its next step gives the same bits as going on."""
    tmp_path.joinpath("run").mkdir()
    trainer = Trainer(tmp_path / "run", replace(SMALL, warm_up=0), CPU)
    for seed in range(2):
        trainer.update(*batch(seed))
    trainer.augmentation.probability = 0.5
    trainer.save()
    torch.manual_seed(1)
    resumed = Trainer.resume(tmp_path / "run", CPU)
    assert resumed.step == 2
    assert resumed.augmentation.probability == 0.5
    assert_same_weights(trainer, resumed)
    losses = []
    for run in (trainer, resumed):
        torch.manual_seed(2)
        losses.append(run.update(*batch(2)))
    assert losses[0] == losses[1]
    assert_same_weights(trainer, resumed)


def test_a_resumed_run_goes_on_to_its_new_end(tmp_path: Path) -> None:
    crops = write_crops(tmp_path / "crops", 3)
    Trainer(tmp_path / "run", SMALL, CPU).run([crops], None, workers=0)
    changes = {"steps": 3, "learning_rate": 1e-4}
    resumed = Trainer.resume(tmp_path / "run", CPU, changes)
    assert resumed.options == replace(SMALL, steps=3, learning_rate=1e-4)
    assert {group["lr"] for group in resumed.g_optim.param_groups} == {1e-4}
    resumed.run([crops], None, workers=0)
    assert torch.load(resumed.state_file, weights_only=True)["step"] == 3


def test_a_run_from_before_there_was_augmentation_goes_on(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, SMALL, CPU)
    trainer.save()
    state = torch.load(trainer.state_file, weights_only=True)
    del state["augmentation"]
    torch.save(state, trainer.state_file)
    assert Trainer.resume(tmp_path, CPU).augmentation.probability == 0


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(GpenError) as error:
        Trainer.resume(tmp_path, CPU)
    assert error.value.code == "nothing_to_resume"


def test_the_loss_goes_down_on_one_batch() -> None:
    trainer = Trainer(Path(), replace(SMALL, warm_up=1000), CPU)
    damaged, truth = batch()
    losses = [trainer.update(damaged, truth)["content"] for _ in range(30)]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_the_average_follows_the_generator() -> None:
    trainer = Trainer(Path(), replace(SMALL, warm_up=1000), CPU)
    key = "final_linear.0.weight"
    start = trainer.average.state_dict()[key].clone()
    for _ in range(3):
        trainer.update(*batch())
    slow, fast = (n.state_dict()[key] for n in (trainer.average, trainer.generator))
    moved = (slow - start).norm()
    assert 0 < moved < (fast - start).norm()
    assert (slow - fast).norm() < (fast - start).norm()
    assert all(
        not p.requires_grad and p.dtype == torch.float32 for p in trainer.average.parameters()
    )


def test_the_discriminator_joins_after_the_warm_up() -> None:
    trainer = Trainer(Path(), replace(SMALL, warm_up=1), CPU)
    before = {k: v.clone() for k, v in trainer.discriminator.state_dict().items()}
    alone = {"content", "frequencies", "face", "detail"}
    assert set(trainer.update(*batch())) == alone
    after = trainer.discriminator.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    heard = {"fooling", "features", "realness", "margin"}
    assert set(trainer.update(*batch())) == alone | heard
    after = trainer.discriminator.state_dict()
    assert not all(torch.equal(before[key], after[key]) for key in before)


def test_the_discriminator_learns_for_a_while_before_it_is_heard() -> None:
    trainer = Trainer(Path(), replace(SMALL, warm_up=0, head_start=1), CPU)
    before = {k: v.clone() for k, v in trainer.discriminator.state_dict().items()}
    first = trainer.update(*batch())
    assert "realness" in first
    assert "fooling" not in first
    after = trainer.discriminator.state_dict()
    assert not all(torch.equal(before[key], after[key]) for key in before)
    assert "fooling" in trainer.update(*batch())


def test_the_learning_rate_falls_along_a_cosine() -> None:
    options = replace(SMALL, steps=10, learning_rate=1e-3, decay=0.2)
    assert [options.rate(step) for step in (0, 5, 10, 20)] == pytest.approx(
        [1e-3, 0.6e-3, 0.2e-3, 0.2e-3]
    )
    trainer = Trainer(Path(), options, CPU)
    trainer.step = 5
    trainer.update(*batch())
    assert {group["lr"] for group in trainer.g_optim.param_groups} == {options.rate(5)}


def test_a_run_starts_from_given_weights() -> None:
    """Both the generator and its average; the discriminator is new."""
    older, newer = Trainer(Path(), SMALL, CPU), Trainer(Path(), replace(SMALL, seed=1), CPU)
    own = {k: v.clone() for k, v in newer.discriminator.state_dict().items()}
    weights = {k: v.half() for k, v in older.average.state_dict().items()}
    newer.start_from(weights)
    for network in (newer.generator, newer.average):
        state = network.state_dict()
        assert all(torch.equal(state[k], weights[k].float()) for k in weights)
    assert all(torch.equal(v, own[k]) for k, v in newer.discriminator.state_dict().items())
    newer.update(*batch())
    assert not torch.equal(
        newer.generator.state_dict()["final_linear.0.weight"],
        weights["final_linear.0.weight"].float(),
    )


def test_the_penalty_is_taken_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    trainer = Trainer(Path(), replace(SMALL, warm_up=0), CPU)

    def penalty(critic: torch.nn.Module, _: Tensor) -> Tensor:
        taken.append(trainer.step)
        return next(critic.parameters()).square().sum()

    monkeypatch.setattr("gpen_engine.training.trainer.gradient_penalty", penalty)
    for _ in range(PENALTY_EVERY + 1):
        trainer.update(*batch())
    assert taken == [0, PENALTY_EVERY]


def test_the_augmentation_follows_faces_that_are_kept_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[Path]] = []
    whole = Trainer._pairs

    def pairs(trainer: Trainer, files: list[Path], workers: int) -> object:
        drawn.append(files)
        return whole(trainer, files, workers)

    monkeypatch.setattr(Trainer, "_pairs", pairs)
    options = replace(SMALL, size=16, warm_up=0, steps=2 * MEASURE_EVERY + 1)
    trainer = Trainer(tmp_path / "run", options, CPU)
    measured: list[tuple[float, float, int]] = []
    monkeypatch.setattr(trainer.augmentation, "measured", lambda *row: measured.append(row))
    files = sorted(write_crops(tmp_path / "crops", 2 * KEPT_BACK).iterdir())
    trainer.run([tmp_path / "crops"], None, workers=0)
    learned, kept = drawn
    assert kept == [files[0], files[KEPT_BACK]]
    assert sorted(learned + kept) == files
    assert [faces for _, _, faces in measured] == [MEASURE_EVERY * options.batch] * 2


def test_the_discriminator_sees_augmented_faces_only(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(Path(), replace(SMALL, warm_up=0), CPU)
    monkeypatch.setattr(
        trainer.augmentation.__class__,
        "__call__",
        lambda _, restored, truth: (torch.zeros_like(restored), torch.zeros_like(truth)),
    )
    losses = trainer.update(*batch())
    assert losses["margin"] == 0, "both are black"
    assert losses["features"] == 0


def test_the_same_options_start_the_same_run() -> None:
    one, other = Trainer(Path(), SMALL, CPU), Trainer(Path(), SMALL, CPU)
    assert_same_weights(one, other)
    different = Trainer(Path(), replace(SMALL, seed=1), CPU)
    assert not torch.equal(next(one.generator.parameters()), next(different.generator.parameters()))


def test_validation_is_logged_with_a_sheet(tmp_path: Path) -> None:
    crops = write_crops(tmp_path / "crops", 3)
    rows: list[dict[str, object]] = []
    trainer = Trainer(tmp_path / "run", SMALL, CPU)
    validation = Validation(crops, 64, count=2)
    trainer.run([crops], validation, validate_every=2, workers=0, report=rows.append)
    (row,) = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").open(encoding="utf-8")]
    assert row == rows[0]
    assert row["step"] == 2
    assert row["mild"]["psnr_before"] > row["strong"]["psnr_before"]
    assert (tmp_path / "run" / "sheet.png").stat().st_size > 1000


def test_a_stopped_run_is_saved(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", replace(SMALL, steps=100), CPU)
    trainer.run(
        [write_crops(tmp_path / "crops", 3)], None, workers=0, stop=lambda: trainer.step == 1
    )
    assert trainer.step == 1
    assert torch.load(trainer.state_file, weights_only=True)["step"] == 1
