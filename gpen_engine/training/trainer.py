"""The training loop: generator against discriminator, averaged, saved and resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..errors import GpenError
from ..files import replacing
from ..network import Gpen
from .augmentation import Augmentation
from .data import Pairs, batches, list_pictures
from .discriminator import (
    Discriminator,
    feature_loss,
    fooling_loss,
    gradient_penalty,
    realness_loss,
)
from .losses import FaceFeatures, content_loss, detail_loss, focal_weights, frequency_loss
from .options import TrainingOptions
from .validation import Validation

G_BETAS = (0.9, 0.99)
"""Adam's for the generator: the content loss is smooth enough for momentum."""
D_BETAS = (0.5, 0.99)
PENALTY_EVERY = 16
"""Steps between two gradient penalties (lazy regularisation, Karras et al. 2020, section 3.1)."""
MEASURE_EVERY = 16
"""Steps between two measurements of what the discriminator knows by heart."""
KEPT_BACK = 40
"""Of so many faces one is not trained on, but serves that measurement."""


class Trainer:
    """One training run in a folder: ``state.pt`` (everything), ``log.jsonl`` and sheets.

    bfloat16 convolutions with float32 weights; the gradient penalty is taken in float32.
    """

    def __init__(self, folder: Path, options: TrainingOptions, device: torch.device) -> None:
        self.folder = folder
        self.options = options
        self.device = device
        torch.manual_seed(options.seed)
        self.generator = (
            Gpen(options.config).to(device).set_precision(torch.bfloat16, cast_weights=False)
        )
        self.generator.encoder_dtype = torch.bfloat16
        for name, parameter in self.generator.named_parameters():
            if name.endswith("noise.weight"):
                torch.nn.init.ones_(parameter)  # there is no prior to protect from the features
        self.average = Gpen(options.config).to(device).eval().requires_grad_(False)
        self.average.load_state_dict(self.generator.state_dict())
        self.discriminator = Discriminator().to(device)
        self.augmentation = Augmentation()
        self.margins: list[float] = []
        self.g_optim = torch.optim.Adam(
            self.generator.parameters(), options.learning_rate, G_BETAS, fused=True
        )
        self.d_optim = torch.optim.Adam(
            self.discriminator.parameters(), options.discriminator_rate, D_BETAS, fused=True
        )
        self.step = 0
        self.weights = focal_weights(options.size).to(device)
        self.face_features = FaceFeatures().to(device)

    @property
    def state_file(self) -> Path:
        return self.folder / "state.pt"

    def run(
        self,
        folders: list[Path],
        validation: Validation | None,
        *,
        save_every: float = 300.0,
        validate_every: int = 500,
        workers: int = 1,
        report: Callable[[dict[str, Any]], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Trains to ``options.steps``, saving at least every ``save_every`` seconds and at the end.

        Args:
            folders: pictures of aligned faces, by GPEN's template.
            validation: measured every ``validate_every`` steps when given.
            workers: processes that prepare pairs.
            report: called with one log row about every 50 steps.
            stop: asked before each step; True ends the run early, saved like a finished one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        files = list_pictures(folders)
        unseen = files[::KEPT_BACK] if len(files) >= 2 * KEPT_BACK else []
        data = self._pairs([file for file in files if file not in unseen], workers)
        others = self._pairs(unseen, 0) if unseen else None
        saved = logged = time.monotonic()
        sums: dict[str, float] = {}
        since = 0
        while self.step < self.options.steps and not stop():
            damaged, truth = (t.to(self.device, non_blocking=True) for t in next(data))
            for name, value in self.update(damaged, truth).items():
                sums[name] = sums.get(name, 0.0) + value
            if (
                others is not None
                and self.step > self.options.warm_up
                and self.step % MEASURE_EVERY == 0
            ):
                self._measure(*next(others))
            since += 1
            now = time.monotonic()
            if self.step % 50 == 0:
                row: dict[str, Any] = {n: round(total / since, 5) for n, total in sums.items()}
                if self.step > self.options.warm_up:
                    row |= {
                        "augmented": round(self.augmentation.probability, 3),
                        "overfitting": round(self.augmentation.overfitting, 3),
                    }
                row |= {"step": self.step, "seconds_a_step": round((now - logged) / since, 3)}
                self._log(row)
                report(row)
                sums, since, logged = {}, 0, now
            if validation and self.step % validate_every == 0:
                sheet = self.folder / "sheet.png"
                scores = validation.measure(self._restore, sheet)
                row = {"step": self.step, **{name: asdict(s) for name, s in scores.items()}}
                self._log(row)
                report(row)
            if now - saved > save_every:
                self.save()
                saved = time.monotonic()
        self.save()

    def _pairs(self, files: list[Path], workers: int) -> Iterator[tuple[Tensor, Tensor]]:
        seed = self.options.seed + 7919 * self.step
        return batches(Pairs(files, self.options.size, seed), self.options.batch, workers)

    def update(self, damaged: Tensor, truth: Tensor) -> dict[str, float]:
        """One step of both networks on a batch [N, 3, size, size] in -1..1; returns the losses."""
        options = self.options
        playing = self.step >= options.warm_up
        heard = self.step >= options.warm_up + options.head_start
        restored = self.generator(damaged)
        content = content_loss(restored, truth, self.weights)
        losses = {
            "content": content,
            "frequencies": frequency_loss(restored, truth),
            "face": self.face_features(restored, truth),
            "detail": detail_loss(restored, truth, self.weights),
        }
        weights = {
            "frequencies": options.frequencies,
            "face": options.face,
            "detail": options.detail,
        }
        total = sum((weight * losses[name] for name, weight in weights.items()), start=content)
        if heard:
            self.discriminator.requires_grad_(False)
            shown, original = self.augmentation(restored, truth)
            scores, found = self.discriminator(shown.to(torch.bfloat16))
            with torch.no_grad():
                real, wanted = self.discriminator(original.to(torch.bfloat16))
            losses["fooling"] = fooling_loss(real, scores)
            losses["features"] = feature_loss(found, wanted)
            total = total + options.adversarial * losses["fooling"]
            total = total + options.features * losses["features"]
            self.discriminator.requires_grad_(True)
        for group in self.g_optim.param_groups:
            group["lr"] = options.rate(self.step)
        self._descend(self.g_optim, total)
        self._average()
        if playing:
            losses |= self._update_discriminator(restored.detach(), truth)
        self.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    def _update_discriminator(self, restored: Tensor, truth: Tensor) -> dict[str, Tensor]:
        shown, original = self.augmentation(restored, truth)
        real, fake = self._judged(original, shown)
        loss = realness_loss(real, fake)
        self._descend(self.d_optim, loss)
        if self.step % PENALTY_EVERY == 0:
            penalty = gradient_penalty(self.discriminator, original)
            self._descend(self.d_optim, self.options.penalty * PENALTY_EVERY * penalty)
        margin = (real - fake).detach().mean()
        self.margins.append(float(margin))
        return {"realness": loss, "margin": margin}

    @torch.no_grad()
    def _measure(self, damaged: Tensor, truth: Tensor) -> None:
        """Lets the augmentation follow how the discriminator does on faces kept from it."""
        damaged, truth = damaged.to(self.device), truth.to(self.device)
        shown, original = self.augmentation(self.generator(damaged), truth)
        real, fake = self._judged(original, shown)
        seen, self.margins = self.margins, []
        self.augmentation.measured(
            sum(seen) / len(seen), float((real - fake).mean()), len(seen) * self.options.batch
        )

    def _judged(self, original: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
        """The discriminator's scores of both, real first."""
        real, _ = self.discriminator(original.to(torch.bfloat16))
        fake, _ = self.discriminator(shown.to(torch.bfloat16))
        return real, fake

    @staticmethod
    def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    def _restore(self, images: Tensor) -> Tensor:
        restored: Tensor = self.average(images.to(self.device))
        return restored.cpu()

    @torch.no_grad()
    def _average(self) -> None:
        """Exponential moving average, shorter while the run is young."""
        half_life = min(self.options.half_life, 0.1 * self.step + 1)
        keep = 0.5 ** (1 / half_life)
        slow, fast = (list(network.parameters()) for network in (self.average, self.generator))
        average = get_ema_multi_avg_fn(keep)  # type: ignore[no-untyped-call]
        average(slow, fast, self.step)

    def save(self) -> None:
        """Writes the whole state to a temporary name and renames it."""
        state = {
            "options": asdict(self.options),
            "step": self.step,
            "g": self.generator.state_dict(),
            "g_ema": self.average.state_dict(),
            "d": self.discriminator.state_dict(),
            "augmentation": self.augmentation.probability,
            "g_optim": self.g_optim.state_dict(),
            "d_optim": self.d_optim.state_dict(),
        }
        with replacing(self.state_file) as temporary:
            torch.save(state, temporary)

    def start_from(self, weights: Mapping[str, Tensor]) -> None:
        """Gives a new run's generator weights to begin with; the discriminator stays new.

        Args:
            weights: a state dict of the run's own network, in any floating dtype.
        """
        self.generator.load_state_dict(weights)
        self.average.load_state_dict(weights)

    @classmethod
    def resume(
        cls, folder: Path, device: torch.device, changes: dict[str, Any] | None = None
    ) -> Trainer:
        """Continues a saved run; ``changes`` overrides options such as the number of steps."""
        file = folder / "state.pt"
        if not file.exists():
            raise GpenError("nothing_to_resume", f"There is no training state in {folder}.")
        state = torch.load(file, map_location=device, weights_only=True)
        trainer = cls(folder, TrainingOptions(**(state["options"] | (changes or {}))), device)
        trainer.generator.load_state_dict(state["g"])
        trainer.average.load_state_dict(state["g_ema"])
        trainer.discriminator.load_state_dict(state["d"])
        trainer.g_optim.load_state_dict(state["g_optim"])
        trainer.d_optim.load_state_dict(state["d_optim"])
        for group in trainer.g_optim.param_groups:
            group.update(lr=trainer.options.learning_rate, betas=G_BETAS)
        for group in trainer.d_optim.param_groups:
            group.update(lr=trainer.options.discriminator_rate, betas=D_BETAS)
        trainer.augmentation.probability = state.get("augmentation", 0.0)  # older runs have none
        trainer.step = state["step"]
        return trainer

    def _log(self, row: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
