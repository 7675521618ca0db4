"""The whole way of a picture: find faces, align them, restore them, bring them back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints import find_model, load_model
from ..device import choose_device
from ..errors import GpenError
from ..faces import Detector, Face, Patch
from ..faces.agreement import agreement
from ..faces.coverage import Mask, Parser, face_shape
from ..faces.detection import from_left_to_right
from ..faces.geometry import TEMPLATES, cut_crop, resized, to_crop
from ..faces.grain import grained
from ..faces.patch import make_patch, share
from ..model import GpenModel
from ..pixels import FloatImage, Pixels
from .batching import run_batches
from .finding import find_faces, no_face
from .kept import KeptCrop, KeptCrops, Key
from .marks import Mark, sentences
from .options import CancelHook, Progress, ProgressHook, RestoreOptions, Stage
from .result import RestoreResult
from .selection import Selection
from .treatment import Treatment


class Restorer:
    """A model, a detector and perhaps a face parser, kept ready for any number of pictures.

    Args:
        model: a loaded model, the name of a known one, or a weights file; by default the embedded
            stand-in.
        detector: a loaded detector or a RetinaFace file; by default the embedded one.
        parser: a loaded face parser (or whatever gives restored crops a coverage) or a ParseNet or
            BiSeNet file; None means a smooth face-shaped coverage.
        device: see ``choose_device``; used for what is not loaded yet.
        dtype: see ``choose_dtype``.

    Raises:
        GpenError: when a file is missing or is not what it should be.
    """

    def __init__(
        self,
        model: GpenModel | str | Path = "GPEN-Mini-256",
        *,
        detector: Detector | Path | None = None,
        parser: Callable[[FloatImage], Mask] | Path | None = None,
        device: str | torch.device = "auto",
        dtype: str | torch.dtype = "auto",
    ) -> None:
        place = choose_device(device)
        if not isinstance(model, GpenModel):
            model = load_model(find_model(model), device=place, dtype=dtype)
        self.model = model
        self.detector = detector if isinstance(detector, Detector) else Detector(detector, place)
        self.parser = Parser(parser, place) if isinstance(parser, Path) else parser

    def run(
        self,
        crops: list[FloatImage],
        *,
        seed: int,
        note: Callable[[str], None],
        normalised: bool = True,
    ) -> Iterator[FloatImage]:
        """Crops of one picture through the network: ``run_batches``."""
        return run_batches(self.model, crops, seed=seed, note=note, normalised=normalised)

    def with_parts(
        self, detector: Detector, parser: Callable[[FloatImage], Mask] | None
    ) -> Restorer:
        """One that runs the same model, and finds and covers faces in another way."""
        other = copy(self)
        other.detector, other.parser = detector, parser
        return other

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        *,
        selection: NDArray[Any] | None = None,
        faces: Sequence[Face] | None = None,
        kept: KeptCrops | None = None,
        progress: ProgressHook = lambda _: None,
        cancel: CancelHook = lambda: False,
    ) -> RestoreResult:
        """Restores the faces of a picture.

        Args:
            image: (H, W) or (H, W, C) sRGB-encoded grey, grey and alpha, RGB or RGBA in uint8,
                uint16 or floating point; see ``Pixels``. It is read in place and not changed.
            options: what is to be done.
            selection: (H, W) uint8, uint16 or floating of the picture's size, white is fully
                selected: only faces whose box it touches are restored, and their coverages are
                multiplied with it, so that nothing changes where it is 0. It is read in place.
            faces: the faces to restore, each at its own strength; by default the detector finds
                them.
            kept: restored crops of earlier calls for the same picture, which are taken from it;
                new ones are put into it.
            progress: called before each tile of the search and after each face and stage.
            cancel: asked between tiles, batches and faces.

        Returns:
            One patch for each face of which something is selected and which the guard did not
            skip; call ``composite()`` for the finished picture.

        Raises:
            GpenError: ``no_face``, ``cancelled``, ``out_of_memory``, ``bad_image``, ``bad_option``
                for a selection or faces beside a region or an aligned picture ...
        """
        options = options or RestoreOptions()
        for given, what in ((selection, "selection"), (faces, "faces")):
            if given is not None and (options.aligned or options.region):
                place = "An aligned picture" if options.aligned else "A region"
                raise GpenError("bad_option", f"{place} takes no {what}.", "Give one of them.")
        restoration = _Restoration(self, image, options, selection, progress, cancel)
        if kept is not None:
            restoration.kept = kept
        return restoration.run(faces)


class _Restoration:
    """One picture on its way."""

    def __init__(
        self,
        restorer: Restorer,
        image: NDArray[Any],
        options: RestoreOptions,
        selection: NDArray[Any] | None,
        progress: ProgressHook,
        cancel: CancelHook,
    ) -> None:
        self.restorer = restorer
        self.model = restorer.model
        self.pixels = Pixels(image)
        self.options = options
        self.selection = None if selection is None else Selection(selection, self.pixels)
        self.progress = progress
        self.cancel = cancel
        self.kept = KeptCrops(0)
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.marks: list[Mark] = []

    def run(self, faces: Sequence[Face] | None) -> RestoreResult:
        patches = self._aligned_picture() if self.options.aligned else self._faces(faces)
        if self.selection and patches:
            patches = list(self.selection.limit(patches))
            if not patches:
                raise no_face("in the selection", "Select more of the face.")
            shown = [id(patch.face) for patch in patches]
            self.marks = [m for m in self.marks if not m.restored or id(m.face) in shown]
        notes = [*self.notes, *sentences(self.marks)]
        strength = self.options.strength
        return RestoreResult(self.pixels, patches, strength, self.seconds, notes, self.marks)

    def _faces(self, known: Sequence[Face] | None) -> list[Patch]:
        with self._timed("detect"):
            faces = self._find() if known is None else from_left_to_right(known)
        if not faces:
            raise no_face("that is wanted", "Choose one.")
        in_size, out_size = self.model.config.in_size, self.model.config.out_size
        with self._timed("align"):
            maps = [to_crop(face.landmarks, in_size, self.options.template) for face in faces]
            crops = [cut_crop(self.pixels, m, in_size) for m in maps]
        restored = self._network(faces, crops, [m.scale for m in maps])
        patches = []
        for done, (mark, m, crop) in enumerate(zip(self.marks, maps, restored, strict=True), 1):
            self._check_cancelled()
            if mark.restored:
                with self._timed("mask"):
                    mask = self._coverage(crop)
                with self._timed("paste"):
                    enlarged = m.then_enlarged(out_size / in_size)
                    patches.append(make_patch(self.pixels, mark.face, enlarged, crop, mask))
            self._report(Stage.PASTE, done, len(faces))
        with self._timed("paste"):
            return share([self._with_grain(patch) for patch in patches])

    def _find(self) -> list[Face]:
        detector = self.restorer.detector
        return find_faces(detector, self.pixels, self.options, self.selection, self._searched)

    def _searched(self, tiles: int, total: int) -> None:
        self._report(Stage.DETECT, tiles, total)
        self._check_cancelled()

    def _key(self, face: Face) -> Key:
        """What a face's restored crop depends on."""
        model, options = self.model, self.options
        chosen = (options.template, options.keep_colours, options.seed)
        return (model.name, model.sha256, str(model.device), *chosen, face.landmarks.tobytes())

    def _network(
        self, faces: list[Face], crops: list[FloatImage], scales: list[float]
    ) -> list[FloatImage]:
        """Restored crops at the model's output size, with the original's colours if wished; each
        face gets its mark."""
        restored: list[FloatImage] = []
        self._report(Stage.RESTORE, 0, len(crops))
        known = [self.kept.get(self._key(face)) for face in faces]
        with self._timed("align"):
            treatments = [
                None if there else Treatment(crop, scale, self.options)
                for crop, scale, there in zip(crops, scales, known, strict=True)
            ]
        given = [treatment.given for treatment in treatments if treatment]
        batches = self.restorer.run(given, seed=self.options.seed, note=self.notes.append)
        each = zip(faces, scales, crops, known, treatments, strict=True)
        for face, scale, original, there, treatment in each:
            if treatment:
                with self._timed("network"):
                    crop = next(batches)
                with self._timed("paste"):
                    there = KeptCrop(treatment.finished(crop), treatment.damage)
            assert there
            with self._timed("guard"):
                there = self._compared(there, original)
                self.marks.append(
                    self._guarded(Mark(face, damage=there.damage, scale=scale), there)
                )
            self.kept.put(self._key(face), there)
            restored.append(there.crop)
            self._report(Stage.RESTORE, len(restored), len(crops))
            self._check_cancelled()
        return restored

    def _compared(self, restored: KeptCrop, original: FloatImage) -> KeptCrop:
        """With its similarity, if the guard looks at that."""
        options = self.options
        if options.guard == "off" or restored.similarity is not None:
            return restored
        template = "gpen" if options.aligned else options.template
        similarity = agreement(self.restorer.detector, original, restored.crop, template)
        return restored._replace(similarity=similarity)

    def _guarded(self, mark: Mark, restored: KeptCrop) -> Mark:
        options, similarity = self.options, restored.similarity
        if options.guard == "off" or similarity is None:
            return mark
        changed = similarity < options.guard_similarity
        kept = changed and options.guard == "skip"
        return replace(mark, similarity=similarity, changed=changed, restored=not kept)

    def _aligned_picture(self) -> list[Patch]:
        """The whole picture as one crop, covered fully; nothing when the guard skips it."""
        pixels, size = self.pixels, self.model.config.in_size
        if pixels.width != pixels.height:
            raise GpenError(
                "not_square",
                f"An aligned face is square; this picture is {pixels.width} by {pixels.height}.",
                "Leave the option for aligned pictures out, and its faces are found and aligned.",
            )
        box = (0, 0, pixels.width, pixels.height)
        crop = resized(pixels.rgb(box), size)
        face = Face((0, 0, pixels.width, pixels.height), TEMPLATES["gpen"] * pixels.width, 1.0)
        (restored,) = self._network([face], [crop], [size / pixels.width])
        if not self.marks[0].restored:
            return []
        with self._timed("paste"):
            rgb = resized(restored, pixels.width)
            opaque = pixels.opaque(box)
            whole = np.ones((pixels.height, pixels.width), bool) if opaque is None else opaque
            return [self._with_grain(Patch(face, box, rgb, whole.astype(np.float32)))]

    def _with_grain(self, patch: Patch) -> Patch:
        return grained(patch, self.pixels, self.options.seed) if self.options.match_grain else patch

    def _coverage(self, crop: FloatImage) -> NDArray[np.float32]:
        if self.restorer.parser:
            return self.restorer.parser(crop)
        return face_shape(crop.shape[0], self.options.template)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0) + time.perf_counter() - started

    def _report(self, stage: Stage, done: int, total: int) -> None:
        self.progress(Progress(stage, done, total))

    def _check_cancelled(self) -> None:
        if self.cancel():
            raise GpenError("cancelled", "The restoration was cancelled.")
