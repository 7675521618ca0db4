"""Coverage masks: a smooth face shape, and face parsing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gpen_engine import GpenError
from gpen_engine.faces.coverage import FRAME, Parser, face_shape, frame
from gpen_engine.faces.facexlib_networks import import_facexlib
from gpen_engine.faces.geometry import TEMPLATES

sizes = pytest.mark.parametrize("size", [64, 256, 1024])
templates = pytest.mark.parametrize("template", sorted(TEMPLATES))
HIDDEN = {"ParseNet": [0, 14, 18], "BiSeNet": [0, 16, 18]}
"""Background, hat and cloth among the 19 classes of either network."""
WHITE = {"ParseNet": [1, 1, 1], "BiSeNet": [2.2489, 2.4286, 2.64]}  # the latter by ImageNet


def border(mask: np.ndarray) -> np.ndarray:
    return np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])


@sizes
@templates
def test_the_face_shape_covers_eyes_nose_and_mouth_and_no_border(size: int, template: str) -> None:
    mask = face_shape(size, template)
    assert mask.shape == (size, size)
    assert mask.dtype == np.float32
    assert (mask.min(), mask.max()) == (0, 1)
    assert (border(mask) == 0).all()
    for x, y in TEMPLATES[template] * size:
        around = mask[round(y - size / 25) : round(y + size / 25), round(x) - 2 : round(x) + 3]
        assert around.min() == 1
    assert mask[: size // 12].max() < 0.5  # hair and background above
    assert 0.25 < mask.mean() < 0.5


@sizes
@templates
def test_the_face_shape_fades_softly(size: int, template: str) -> None:
    """Nowhere from 0 to 1 in less than a 40th of the crop."""
    mask = face_shape(size, template)
    for axis in (0, 1):
        assert np.abs(np.diff(mask, axis=axis)).max() < 40 / size


@sizes
def test_the_frame_is_clear_and_its_inside_full(size: int) -> None:
    mask = frame(size)
    clear, fade = int(size * FRAME / 2), int(np.ceil(size * FRAME * 1.5))
    assert (border(mask) == 0).all()
    assert mask[:clear].max() == 0
    assert (mask[fade:-fade, fade:-fade] == 1).all()
    np.testing.assert_array_equal(mask, mask[::-1, ::-1].T)


@pytest.fixture(scope="module", params=["ParseNet", "BiSeNet"])
def parser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Parser:
    """A parser from a file of random weights."""
    torch.manual_seed(5)
    sizes = {"in_size": 512, "out_size": 512, "parsing_ch": 19}
    build = getattr(import_facexlib().parsing, request.param)
    network = build(**sizes) if request.param == "ParseNet" else build(num_class=19)
    file = tmp_path_factory.mktemp("parser") / "parser.pth"
    torch.save(network.state_dict(), file)
    parser = Parser(file)
    file.unlink()
    assert type(parser.network).__name__ == request.param
    return parser


@pytest.mark.slow
def test_a_parser_gives_a_mask(parser: Parser) -> None:
    mask = parser(np.random.default_rng(2).random((128, 128, 3), np.float32))
    assert mask.shape == (128, 128)
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    assert (border(mask) == 0).all()


def test_a_parser_shows_all_but_background_hat_and_cloth(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a network that finds the 19 classes in upright stripes inside of the frame."""
    name = type(parser.network).__name__
    label = ((torch.arange(512) - 46) * 19 // 420).clamp(0, 18).expand(1, 512, 512)
    seen: list[torch.Tensor] = []

    def striped(images: torch.Tensor) -> tuple[torch.Tensor]:
        seen.append(images)
        return (torch.nn.functional.one_hot(label, 19).permute(0, 3, 1, 2).float(),)

    monkeypatch.setattr(parser.network, "forward", striped)
    mask = parser(np.ones((512, 512, 3), np.float32))
    middles = [round(46 + (i + 0.5) * 420 / 19) for i in range(19)]
    shown = mask[256, middles] > 0.5
    assert [i for i in range(19) if not shown[i]] == HIDDEN[name]
    assert seen[0].shape == (1, 3, 512, 512)
    np.testing.assert_allclose(seen[0][0].mean(dim=(1, 2)), WHITE[name], atol=1e-3)


def test_other_weights_are_no_parser(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(GpenError) as error:
        Parser(tmp_path / "other.pth")
    assert error.value.code == "bad_checkpoint"
    assert "face parser" in error.value.sentence


def test_a_face_shape_is_made_once_and_cannot_be_spoiled() -> None:
    assert face_shape(96) is face_shape(96)
    with pytest.raises(ValueError, match="read-only"):
        face_shape(96)[0, 0] = 1
