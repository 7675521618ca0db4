"""From a photograph to its restored faces, and what may go wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from fake_models import FakeModel, fourfold, identity, reddened, swapped
from numpy.typing import NDArray
from torch import Tensor

from gpen_engine import GpenError, GpenModel, RestoreOptions, Restorer, RestoreResult, load_model
from gpen_engine.faces import Detector
from gpen_engine.faces.coverage import Parser, face_shape, frame
from gpen_engine.faces.detection import OVERLAP, TILE, tiles
from gpen_engine.faces.patch import islands, stacked
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.restore import Progress, Stage
from gpen_engine.restore.kept import KeptCrops

Photo = Callable[[str], NDArray[Any]]
SOLVAY = "old_group_solvay_1927.jpg"
PORTRAIT = "modern_colour_flags.jpg"
PLAIN = RestoreOptions(keep_colours=False)


def code_of(run: Callable[[], object]) -> str:
    with pytest.raises(GpenError) as error:
        run()
    return error.value.code


def coverage_map(result: RestoreResult) -> NDArray[np.float32]:
    """The sum of all coverages, (H, W)."""
    total = np.zeros((result.pixels.height, result.pixels.width), np.float32)
    for patch in result.patches:
        x0, y0, x1, y1 = patch.box
        total[y0:y1, x0:x1] += patch.coverage
    return total


def mean_change(result: RestoreResult, image: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of composite - image over the fully covered pixels, for each channel."""
    full = coverage_map(result) > 0.99
    assert full.sum() > 500
    change = result.composite().astype(np.float64) - image
    return np.asarray(change[full].mean(axis=0))


@pytest.mark.parametrize(
    "model",
    [FakeModel(identity, 256), FakeModel(fourfold, 64, out_size=256)],
    ids=["same size", "fourfold"],
)
def test_a_model_that_changes_nothing_gives_the_photograph_back(
    photo: Photo, detector: Detector, model: FakeModel
) -> None:
    """In its place and its colours; only softer by two resamplings."""
    image = photo(PORTRAIT)
    result = Restorer(model, detector=detector).restore(image, PLAIN)
    assert np.abs(mean_change(result, image)).max() < 0.5
    softness = 4 if model.config.in_size == 256 else 8
    covered = coverage_map(result) > 0
    assert np.abs(result.composite().astype(int) - image)[covered].mean() < softness
    x0, y0, x1, y1 = result.patches[0].box
    before, after = (i[:, :, 1].astype(float) for i in (image[y0:y1, x0:x1], result.patches[0].rgb))
    before = cv2.GaussianBlur(before, (0, 0), 2)  # finer detail than the crop can hold
    shift, _ = cv2.phaseCorrelate(
        before, after, cv2.createHanningWindow(before.shape[::-1], cv2.CV_64F)
    )
    assert np.abs(shift).max() < 0.25


def test_exchanged_channels_would_be_seen(photo: Photo, detector: Detector) -> None:
    wrong = Restorer(FakeModel(swapped, 256), detector=detector).restore(photo(PORTRAIT), PLAIN)
    change = mean_change(wrong, photo(PORTRAIT))
    assert change[0] < -30
    assert change[2] > 30


def test_the_model_is_given_rgb_in_minus_one_to_one(photo: Photo, detector: Detector) -> None:
    seen: list[Tensor] = []

    def look(images: Tensor) -> Tensor:
        seen.append(images.clone())
        return images

    image = photo(PORTRAIT)
    result = Restorer(FakeModel(look, 128), detector=detector).restore(image)
    (crop,) = seen[0]
    full = coverage_map(result) > 0.99
    expected = image[full].mean(axis=0) / 127.5 - 1
    inner = torch.from_numpy(face_shape(128) > 0.99)
    np.testing.assert_allclose(crop[:, inner].mean(dim=1), expected, atol=0.02)


@pytest.mark.parametrize("keep_colours", [True, False])
def test_keeping_colours(photo: Photo, detector: Detector, keep_colours: bool) -> None:
    """A model that sees all in red light: the tone stays the photograph's, or not."""
    image = photo(PORTRAIT)
    restorer = Restorer(FakeModel(reddened, 128), detector=detector)
    change = mean_change(restorer.restore(image, RestoreOptions(keep_colours=keep_colours)), image)
    if keep_colours:
        assert np.abs(change).max() < 2
    else:
        assert change[0] > 15
        assert change[1:].max() < -15


def test_all_faces_of_a_group(photo: Photo, restorer: Restorer) -> None:
    image = photo(SOLVAY)
    result = restorer.restore(image, RestoreOptions(guard="off"))
    assert len(result.patches) == len(result.faces) == len(result.marks) == 29
    assert coverage_map(result).max() <= 1 + 1e-6
    assert coverage_map(result).max(axis=0).mean() < 0.8
    changed = (result.composite() != image).any(axis=2)
    assert not changed[coverage_map(result) == 0].any()
    assert changed[coverage_map(result) > 0.5].mean() > 0.95
    assert set(result.seconds) == {"detect", "align", "network", "guard", "mask", "paste"}
    assert result.notes == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_picture_is_read_in_place_and_never_written(
    photo: Photo, restorer: Restorer, dtype: type
) -> None:
    image = (
        photo(PORTRAIT).astype(np.float64)
        / 255
        * (1 if dtype == np.float32 else np.iinfo(dtype).max)
    ).astype(dtype)
    before = image.copy()
    image.flags.writeable = False
    result = restorer.restore(image)
    assert result.pixels.given is image
    first, second = result.composite(), result.composite()
    assert first.dtype == dtype
    assert first.tobytes() == second.tobytes() != before.tobytes()
    assert image.tobytes() == before.tobytes()


def test_the_same_twice(photo: Photo, restorer: Restorer) -> None:
    first, second = (restorer.restore(photo(PORTRAIT)).composite() for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_strength_blends_with_the_original_pixels(photo: Photo, restorer: Restorer) -> None:
    image = photo(PORTRAIT)
    none, half, full = (
        restorer.restore(image, RestoreOptions(strength=s)).composite() for s in (0, 0.5, 1)
    )
    assert none.tobytes() == image.tobytes()
    between = (image.astype(float) + full) / 2
    assert np.abs(half - between).max() <= 1


def test_the_templates_frame_differently(photo: Photo, detector: Detector) -> None:
    model = FakeModel(identity, 128)
    restorer = Restorer(model, detector=detector)
    boxes = [
        restorer.restore(photo(PORTRAIT), RestoreOptions(template=t)).patches[0].box
        for t in ("gpen", "ffhq")
    ]
    assert boxes[0] != boxes[1]


def test_the_seed_of_a_model_that_enlarges(photo: Photo, detector: Detector) -> None:
    torch.manual_seed(2)
    network = Gpen(GpenConfig(64, 128, 1, 0.0625))
    for name, parameter in network.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.ones_(parameter)
    restorer = Restorer(load_model(network.state_dict(), device="cpu"), detector=detector)
    first, again, other = (
        restorer.restore(photo(PORTRAIT), RestoreOptions(seed=s)).composite().tobytes()
        for s in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_parser_decides_the_coverage(
    photo: Photo, tiny_model: GpenModel, detector: Detector
) -> None:
    class Everything(Parser):
        def __init__(self) -> None:
            self.asked: list[tuple[int, ...]] = []

        def __call__(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
            self.asked.append(crop.shape)
            return frame(crop.shape[0])

    parser = Everything()
    parsed = Restorer(tiny_model, detector=detector, parser=parser).restore(photo(PORTRAIT))
    shaped = Restorer(tiny_model, detector=detector).restore(photo(PORTRAIT))
    assert parser.asked == [(64, 64, 3)]
    assert coverage_map(parsed).sum() > 1.5 * coverage_map(shaped).sum()


def test_progress_is_told_in_order(photo: Photo, restorer: Restorer) -> None:
    told: list[Progress] = []
    image = photo(SOLVAY)
    restorer.restore(image, progress=told.append)
    height, width = image.shape[:2]
    total = 1 + len(tiles(width, height, TILE, OVERLAP))  # a small copy and full size
    assert told == [
        *(Progress(Stage.DETECT, done, total) for done in range(total + 1)),
        *(Progress(Stage.RESTORE, done, 29) for done in range(30)),
        *(Progress(Stage.PASTE, done, 29) for done in range(1, 30)),
    ]


def test_cancelling_at_any_question_stops(photo: Photo, restorer: Restorer) -> None:
    """And no stage goes by without a question."""
    image = np.hstack([photo(PORTRAIT)] * 2)
    stages: list[Stage] = []
    asked_in: list[Stage] = []

    def never() -> bool:
        asked_in.append(stages[-1])
        return False

    restorer.restore(image, progress=lambda p: stages.append(p.stage), cancel=never)
    assert set(asked_in) == set(Stage) - {Stage.ENLARGE}
    for last in range(len(asked_in)):
        questions = iter(range(last + 1))

        def at_the_last(questions: Any = questions, last: int = last) -> bool:
            return next(questions) == last  # StopIteration if it went on

        assert code_of(lambda: restorer.restore(image, cancel=at_the_last)) == "cancelled"


def test_short_memory_is_told_in_the_result(photo: Photo, detector: Detector) -> None:
    def paint(images: Tensor) -> Tensor:
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    result = Restorer(FakeModel(paint), detector=detector).restore(photo(SOLVAY))
    assert len(result.patches) == 29
    assert result.notes == ["Memory ran short; the faces were restored 2 at a time."]


def test_a_missing_model_is_told(detector: Detector) -> None:
    assert code_of(lambda: Restorer("no-such-model.pth", detector=detector)) == "model_missing"


def test_known_faces_are_restored_as_if_they_were_found(photo: Photo, detector: Detector) -> None:
    image, model = photo(SOLVAY), FakeModel(reddened)
    restorer = Restorer(model, detector=detector)
    found = restorer.restore(image, PLAIN)
    known = restorer.restore(image, PLAIN, faces=found.faces[::-1])
    assert known.faces == found.faces
    assert np.array_equal(known.composite(), found.composite())
    assert "detect" in known.seconds


def test_strengths_of_faces_beside_that_of_the_picture(photo: Photo, detector: Detector) -> None:
    image = photo(SOLVAY)
    restorer = Restorer(FakeModel(reddened), detector=detector)
    faces = restorer.restore(image, PLAIN).faces
    half = RestoreOptions(keep_colours=False, strength=0.5)
    together = restorer.restore(image, half, faces=faces)
    each = restorer.restore(image, PLAIN, faces=[replace(face, strength=0.5) for face in faces])
    assert np.abs(together.composite().astype(int) - each.composite()).max() <= 1
    none = restorer.restore(image, PLAIN, faces=[replace(face, strength=0) for face in faces])
    assert np.array_equal(none.composite(), image)


def test_layers_at_the_strengths_of_their_faces_show_the_same_picture(
    photo: Photo, detector: Detector
) -> None:
    """Where faces touch, too: they are framed so widely here that they overlap."""
    image = photo(SOLVAY)
    restorer = Restorer(FakeModel(reddened), detector=detector)
    faces = restorer.restore(image, PLAIN).faces
    middle = np.mean([face.landmarks for face in faces], axis=(1))[:, None]
    wide = [
        replace(face, landmarks=m + 1.6 * (face.landmarks - m), strength=0.3 + 0.6 * (n % 2))
        for n, (face, m) in enumerate(zip(faces, middle, strict=True))
    ]
    result = restorer.restore(image, PLAIN, faces=wide)
    assert any(len(island.faces) > 1 for island in islands(result.patches))
    laid = image / 255
    for patch in reversed(stacked(result.patches)):
        x0, y0, x1, y1 = patch.box
        part = (patch.coverage * patch.face.strength)[:, :, None]
        laid[y0:y1, x0:x1] += part * (patch.rgb - laid[y0:y1, x0:x1])
    assert np.abs(laid * 255 - result.composite()).max() < 0.51


def test_kept_crops_are_not_computed_again(photo: Photo, detector: Detector) -> None:
    image, model, kept = photo(SOLVAY), FakeModel(reddened), KeptCrops()
    restorer = Restorer(model, detector=detector)
    faces = restorer.restore(image, PLAIN).faces
    whole = restorer.restore(image, PLAIN, faces=faces)
    restorer.restore(image, PLAIN, faces=faces[3:5], kept=kept)
    model.batches.clear()
    again = restorer.restore(image, PLAIN, faces=faces, kept=kept)
    assert sum(model.batches) == len(faces) - 2
    assert np.array_equal(again.composite(), whole.composite())
    assert [m.similarity for m in again.marks] == [m.similarity for m in whole.marks]
    for other in (RestoreOptions(), RestoreOptions(keep_colours=False, seed=1)):
        model.batches.clear()
        restorer.restore(image, other, faces=faces, kept=kept)
        assert sum(model.batches) == len(faces)


def test_no_more_is_kept_than_there_is_room_for(photo: Photo, detector: Detector) -> None:
    image, model = photo(SOLVAY), FakeModel(identity)
    kept = KeptCrops(3 * 64 * 64 * 3 * 4)
    restorer = Restorer(model, detector=detector)
    faces = restorer.restore(image, PLAIN, kept=kept).faces
    model.batches.clear()
    restorer.restore(image, PLAIN, faces=faces[-3:], kept=kept)
    assert model.batches == []
    restorer.restore(image, PLAIN, faces=faces[:1], kept=kept)
    assert model.batches == [1]


@pytest.mark.parametrize("more", [{"aligned": True}, {"region": (0, 0, 50, 50)}])
def test_faces_beside_other_places(photo: Photo, detector: Detector, more: Any) -> None:
    restorer = Restorer(FakeModel(identity), detector=detector)
    with pytest.raises(GpenError) as refused:
        restorer.restore(photo(PORTRAIT), RestoreOptions(**more), faces=())
    assert refused.value.code == "bad_option"
    assert "takes no faces" in refused.value.sentence
