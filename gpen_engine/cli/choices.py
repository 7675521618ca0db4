"""What ``restore`` and ``batch`` let a user choose, said once."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Container, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ..errors import GpenError

if TYPE_CHECKING:
    from ..pixels import Box
    from ..restore import RestoreOptions, Restorer
    from ..tasks.choice import TaskChoice

FACES, MACHINE, FILES = "Faces", "Model and machine", "Files"
PRESETS: Mapping[str, Mapping[str, Any]] = {
    # The authors' model for selfies. Their faces are large, and found in a small copy.
    "selfie": {"model": "GPEN-BFR-2048", "detection_size": 1024},
}
"""What is chosen where nothing else is, by names of ``Choices`` that are None then."""


@dataclass(frozen=True)
class Choices:
    """The common options, as typed."""

    preset: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(PRESETS),
            help="For what else is not chosen; selfie is GPEN-BFR-2048, --detection-size 1024.",
        ),
    ] = None
    strength: Annotated[
        float,
        typer.Option(metavar="0..1", rich_help_panel=FACES, help="0 original, 1 fully restored."),
    ] = 1.0
    keep_colours: Annotated[
        bool,
        typer.Option(
            rich_help_panel=FACES,
            help="Keep the photo's skin tone and light; grey stays grey, sepia stays sepia.",
        ),
    ] = True
    region: Annotated[
        str | None,
        typer.Option(
            metavar="X0,Y0,X1,Y1",
            rich_help_panel=FACES,
            help="Only faces in this rectangle (pixels).",
        ),
    ] = None
    fallback: Annotated[
        bool,
        typer.Option(
            rich_help_panel=FACES, help="The region is the face where none is found in it."
        ),
    ] = True
    threshold: Annotated[
        float,
        typer.Option(metavar="0..1", rich_help_panel=FACES, help="How sure the detector must be."),
    ] = 0.9
    detection_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            rich_help_panel=FACES,
            help="Search a copy with this long side (pixels); 0, the default, is full size.",
        ),
    ] = None
    match_grain: Annotated[
        bool,
        typer.Option(
            "--match-grain", rich_help_panel=FACES, help="Give restored faces the photo's grain."
        ),
    ] = False
    guard: Annotated[
        str,
        typer.Option(
            metavar="off|warn|skip",
            rich_help_panel=FACES,
            help="Report a face that changed much, or leave it as it was.",
        ),
    ] = "warn"
    guard_similarity: Annotated[
        float,
        typer.Option(
            metavar="0..1", rich_help_panel=FACES, help="Below it a face has changed much."
        ),
    ] = 0.8
    aligned: Annotated[
        bool,
        typer.Option("--aligned", rich_help_panel=FACES, help="The picture is one aligned face."),
    ] = False
    template: Annotated[
        str, typer.Option(metavar="gpen|ffhq", rich_help_panel=FACES, help="How faces are framed.")
    ] = "gpen"
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "--model_path",
            metavar="NAME|PATH",
            rich_help_panel=MACHINE,
            help="The weights; by default those that come along.",
        ),
    ] = None
    size: Annotated[
        int | None,
        typer.Option(
            metavar="N", rich_help_panel=MACHINE, help="The model's input size, to be sure of it."
        ),
    ] = None
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", rich_help_panel=MACHINE, help="Noise of models that enlarge faces; grain."
        ),
    ] = 0
    device: Annotated[
        str,
        typer.Option(metavar="auto|cpu|cuda", rich_help_panel=MACHINE, help="What computes."),
    ] = "auto"
    dtype: Annotated[
        str,
        typer.Option(
            metavar="auto|float32|bfloat16|float16", rich_help_panel=MACHINE, help="Precision."
        ),
    ] = "auto"
    detector: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", rich_help_panel=MACHINE, help="Another RetinaFace."),
    ] = None
    parser: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            rich_help_panel=MACHINE,
            help="ParseNet or BiSeNet, for finer masks.",
        ),
    ] = None
    quality: Annotated[
        int,
        typer.Option(metavar="1..100", rich_help_panel=FILES, help="Of JPEG and WebP files."),
    ] = 95
    force: Annotated[
        bool, typer.Option("--force", rich_help_panel=FILES, help="Overwrite existing files.")
    ] = False
    json: Annotated[
        str | None,
        typer.Option(
            "--json",
            "--report",
            metavar="FILE|-",
            rich_help_panel=FILES,
            help="Write a report; - is the screen.",
        ),
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False

    def with_preset(self) -> Choices:
        """With the preset's values for what was not chosen.

        Raises:
            GpenError: ``bad_option`` for a preset that there is not.
        """
        if self.preset is None:
            return self
        if self.preset not in PRESETS:
            raise GpenError(
                "bad_option",
                f'There is no preset "{self.preset}".',
                f"Choose {' or '.join(PRESETS)}.",
            )
        preset = PRESETS[self.preset].items()
        return replace(self, **{k: v for k, v in preset if getattr(self, k) is None})

    def options(self) -> RestoreOptions:
        """Raises GpenError: ``bad_option``."""
        from ..restore import RestoreOptions

        if not 1 <= self.quality <= 100:
            raise GpenError("bad_option", "The quality must lie between 1 and 100.")
        if not 0 <= self.seed < 2**63:
            raise GpenError("bad_option", "The seed must be a whole number, and not below 0.")
        return RestoreOptions(
            strength=self.strength,
            template=self.template,
            keep_colours=self.keep_colours,
            threshold=self.threshold,
            detection_size=self.detection_size or 0,
            region=None if self.region is None else parse_region(self.region),
            fallback=self.fallback,
            aligned=self.aligned,
            match_grain=self.match_grain,
            guard=self.guard,
            guard_similarity=self.guard_similarity,
            seed=self.seed,
        )

    def model_file(self) -> Path:
        """Raises GpenError: ``model_missing``."""
        from ..checkpoints import find_model
        from ..checkpoints.catalogue import DEFAULT

        return find_model(self.model or DEFAULT.name)

    def restorer(self, device: str | None = None) -> Restorer:
        """Loads the networks.

        Args:
            device: instead of the one that was chosen.

        Raises:
            GpenError: those of ``Restorer``; ``bad_option`` when ``size`` is not the model's.
        """
        from ..restore import Restorer

        restorer = Restorer(
            self.model_file(),
            detector=network_file(self.detector, "detect"),
            parser=network_file(self.parser, "parse"),
            device=device or self.device,
            dtype=self.dtype,
        )
        check_size(self.size, restorer)
        return restorer

    def digest(self, choice: TaskChoice) -> str:
        """A sum of everything that the result depends on, but for the picture and the device.

        Args:
            choice: the task; that of restoring changes nothing, so that journals of versions
                without tasks count.
        """
        detector = network_file(self.detector, "detect")
        files = [self.model_file(), detector, network_file(self.parser, "parse")]
        result = {
            "options": asdict(self.options()),
            "networks": [path and _sha256(path) for path in files],
            "dtype": self.dtype,
            "quality": self.quality,
        }
        if choice.name != "restore":
            upscaler = choice.upscaler_file()
            result["task"] = [choice.name, choice.times, upscaler and _sha256(upscaler)]
        return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


def with_choices(
    command: Callable[..., None], *, without: Container[str] = ()
) -> Callable[..., None]:
    """Lets typer see the fields of ``Choices`` in place of a command's parameter ``choices``.

    Args:
        command: takes ``choices``.
        without: fields that cannot be chosen there; they keep their defaults.
    """
    hints = get_type_hints(Choices, include_extras=True)
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.name != "choices"]
    offered = [f for f in fields(Choices) if f.name not in without]
    spread = [
        inspect.Parameter(
            f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name]
        )
        for f in offered
    ]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        choices = Choices(**{f.name: given.pop(f.name) for f in offered})
        command(choices=choices, **given)

    run.__signature__ = signature.replace(parameters=[*own, *spread])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in [*own, *spread]}
    return run


def check_size(size: int | None, restorer: Restorer) -> None:
    """Raises GpenError: ``bad_option`` when the user expects a model of another size."""
    model = restorer.model
    if size not in (None, model.config.in_size):
        raise GpenError(
            "bad_option",
            f"You asked for size {size}, but {model.name} takes faces of {model.config.in_size}"
            " pixels.",
            "Leave --size out, or choose a model of that size with --model.",
        )


def network_file(name_or_path: str | None, task: str) -> Path | None:
    """The weights of a network beside the model.

    Args:
        name_or_path: of a known network or one's own file; None for none.
        task: ``detect`` or ``parse``.

    Raises:
        GpenError: ``model_missing``; the hint says how to get it, or names those that are known.
    """
    from ..checkpoints import find_model
    from ..checkpoints.catalogue import ENTRIES, known

    if name_or_path is None:
        return None
    entry = known(name_or_path)
    if entry and entry.task == task:
        return find_model(name_or_path)
    if entry is None:
        with contextlib.suppress(GpenError):
            return find_model(name_or_path)
    what = {"detect": "face detector", "parse": "face parser"}[task]
    names = [entry.name for entry in ENTRIES if entry.task == task]
    raise GpenError(
        "model_missing",
        f'There is no {what} and no file "{name_or_path}".',
        f"Known are {' and '.join(names)} (gpen models get NAME); or give a file by its path.",
    )


def parse_region(text: str) -> Box:
    """ "x0,y0,x1,y1" as numbers; raises GpenError ``bad_option``."""
    try:
        x0, y0, x1, y1 = (int(part) for part in text.split(","))
    except ValueError as error:
        raise GpenError(
            "bad_option",
            f'The region "{text}" is not understood.',
            "Give four whole numbers of pixels: x0,y0,x1,y1.",
        ) from error
    return x0, y0, x1, y1


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise GpenError("model_missing", f"There is no weights file {path}.", "Check its name.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
