"""Between a file's colours and sRGB."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from gpen_engine.pictures import Picture, from_srgb, from_unit, to_srgb

RNG = np.random.default_rng(11)
COLOURS = RNG.random((40, 50, 3), dtype=np.float32)
GREYS = COLOURS[..., :1]
VARIANTS = ["sRGB", "sRGB, 1024 entries", "sRGB, 256 entries"]
WIDE = ["Adobe RGB", "Display P3", "ProPhoto"]


def encoded(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("name", [None, *VARIANTS])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_srgb_is_left_alone_exactly(
    name: str | None, dtype: type, profiles: dict[str, bytes]
) -> None:
    profile = profiles[name] if name else None
    picture = Picture(from_unit(COLOURS * 1.2 - 0.1, dtype), profile)
    srgb = to_srgb(picture)
    assert srgb.dtype == np.float32
    assert np.array_equal(from_unit(srgb, dtype), picture.pixels)
    assert np.array_equal(from_srgb(srgb, picture), srgb)
    assert not np.shares_memory(srgb, picture.pixels)
    assert not np.shares_memory(from_srgb(srgb, picture), srgb)


def test_srgb_from_another_maker() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Picture(COLOURS, profile)
    assert np.array_equal(to_srgb(picture), COLOURS)


@pytest.mark.parametrize("name", ["sRGB primaries, linear", "sRGB primaries, gamma 2.2", *WIDE])
def test_other_profiles_are_not_taken_for_srgb(name: str, profiles: dict[str, bytes]) -> None:
    picture = Picture(COLOURS, profiles[name])
    assert np.abs(to_srgb(picture) - COLOURS).max() > 0.02
    assert np.abs(from_srgb(COLOURS, picture) - COLOURS).max() > 0.02


def test_a_name_does_not_make_a_profile_srgb(profiles: dict[str, bytes]) -> None:
    built_in = "RGB built-in".encode("utf-16-be")
    misnamed = profiles["sRGB primaries, linear"].replace(
        built_in, "sRGB builtin".encode("utf-16-be")
    )
    assert misnamed != profiles["sRGB primaries, linear"]
    assert np.abs(to_srgb(Picture(COLOURS, misnamed)) - COLOURS).max() > 0.02


def test_adobe_rgb_by_its_definition(profiles: dict[str, bytes]) -> None:
    """Adobe RGB (1998) has sRGB's white and its curve is a power of 563/256."""
    adobe = np.array(
        [
            [0.5767309, 0.1855540, 0.1881852],
            [0.2973769, 0.6273491, 0.0752741],
            [0.0270343, 0.0706872, 0.9911085],
        ]
    )
    srgb = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    light = COLOURS.astype(np.float64) ** (563 / 256) @ (np.linalg.inv(srgb) @ adobe).T
    expected = encoded(light.clip(0))
    inside = (light > 0.005).all(axis=-1)
    assert inside.mean() > 0.5
    converted = to_srgb(Picture(COLOURS, profiles["Adobe RGB"]))
    assert np.abs(converted - expected)[inside].max() < 5e-4


@pytest.mark.parametrize("name", WIDE)
def test_there_and_back_is_exact_in_float(name: str, profiles: dict[str, bytes]) -> None:
    target = Picture(np.zeros((1, 1, 3), np.uint16), profiles[name])
    own = from_srgb(COLOURS, target)
    assert 0 <= own.min() < own.max() <= 1
    back = to_srgb(Picture(own, profiles[name]))
    assert np.abs(back - COLOURS).max() < 1e-5


def test_there_and_back_by_a_table_is_within_its_steps(profiles: dict[str, bytes]) -> None:
    """Curves given as tables are inverted as tables, in 16 bits."""
    target = Picture(np.zeros((1, 1, 3), np.float32), profiles["Display P3, 1024 entries"])
    own = from_srgb(COLOURS, target)
    back = to_srgb(Picture(own, target.profile))
    assert np.abs(back - COLOURS).max() < 1e-3


@pytest.mark.parametrize("name", WIDE)
def test_sixteen_bits_lose_nothing(name: str, profiles: dict[str, bytes]) -> None:
    """Colours that sRGB can show come back as the very 16-bit values."""
    target = Picture(np.zeros((1, 1, 3), np.uint16), profiles[name])
    pixels = from_unit(from_srgb(COLOURS * 0.9 + 0.05, target), np.uint16)
    picture = Picture(pixels, profiles[name])
    assert np.array_equal(from_unit(from_srgb(to_srgb(picture), picture), np.uint16), pixels)


def test_as_another_engine_converts(profiles: dict[str, bytes]) -> None:
    pixels = from_unit(COLOURS, np.uint8)
    profile = ImageCms.getOpenProfile(io.BytesIO(profiles["Display P3"]))
    image = ImageCms.profileToProfile(
        Image.fromarray(pixels), profile, ImageCms.createProfile("sRGB"), 1
    )
    converted = to_srgb(Picture(pixels, profiles["Display P3"]))
    assert np.abs(from_unit(converted, np.uint8).astype(int) - np.asarray(image)).max() <= 1


def test_colours_outside_srgb(profiles: dict[str, bytes]) -> None:
    green = np.array([[[0, 1, 0]]], np.float32)
    unclipped = to_srgb(Picture(green, profiles["Display P3"]))
    assert unclipped[0, 0, 0] < -0.4
    assert unclipped[0, 0, 1] > 1.01
    assert np.abs(from_srgb(unclipped, Picture(green, profiles["Display P3"])) - green).max() < 1e-4
    clipped = to_srgb(Picture(from_unit(green, np.uint8), profiles["Display P3"]))
    assert clipped.tolist() == [[[0, 1, 0]]]


@given(
    st.tuples(st.integers(0, 39), st.integers(1, 40)),
    st.tuples(st.integers(0, 49), st.integers(1, 50)),
    st.sampled_from([None, "Adobe RGB"]),
)
def test_a_box_is_a_piece_of_the_whole(
    profiles: dict[str, bytes], rows: tuple[int, int], columns: tuple[int, int], name: str | None
) -> None:
    (top, bottom), (left, right) = sorted(rows), sorted(columns)
    picture = Picture(from_unit(COLOURS, np.uint8), profiles[name] if name else None)
    if top == bottom or left == right:
        with pytest.raises(ValueError, match="does not lie within"):
            to_srgb(picture, (left, top, right, bottom))
        return
    piece = to_srgb(picture, (left, top, right, bottom))
    assert np.array_equal(piece, to_srgb(picture)[top:bottom, left:right])


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 51, 5), (0, 0, 5, 41), (5, 0, 5, 5)])
def test_boxes_outside(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie within 50 x 40"):
        to_srgb(Picture(COLOURS), box)


def test_strips_make_no_difference(profiles: dict[str, bytes]) -> None:
    tall = from_unit(RNG.random((3001, 211, 3), dtype=np.float32), np.uint8)
    whole = to_srgb(Picture(tall, profiles["Adobe RGB"]))
    for row in (0, 1242, 1243, 2999, 3000):
        alone = to_srgb(Picture(tall[row : row + 1], profiles["Adobe RGB"]))
        assert np.array_equal(whole[row : row + 1], alone)


def test_alpha_takes_no_part(profiles: dict[str, bytes]) -> None:
    alpha = RNG.random((40, 50, 1), dtype=np.float32)
    for colours, name in ((COLOURS, "Adobe RGB"), (GREYS, "grey dot gain")):
        opaque = Picture(colours, profiles[name])
        picture = Picture(np.concatenate((colours, alpha), axis=-1), profiles[name])
        assert np.array_equal(to_srgb(picture), to_srgb(opaque))
        assert from_srgb(COLOURS, picture).shape == colours.shape


class TestGrey:
    def test_without_a_profile(self) -> None:
        picture = Picture(GREYS)
        assert np.array_equal(to_srgb(picture), GREYS)
        assert np.array_equal(from_srgb(GREYS, picture), GREYS)
        assert np.array_equal(from_srgb(GREYS.repeat(3, axis=2), picture), GREYS)
        luma = COLOURS.astype(np.float64) @ [0.2126, 0.7152, 0.0722]
        assert np.abs(from_srgb(COLOURS, picture)[..., 0] - luma).max() < 1e-6

    def test_gamma(self, profiles: dict[str, bytes]) -> None:
        picture = Picture(GREYS, profiles["grey gamma 2.2"])
        srgb = to_srgb(picture)
        assert srgb.shape == GREYS.shape
        assert np.abs(srgb - encoded(GREYS.astype(np.float64) ** 2.2)).max() < 1e-4
        assert np.abs(from_srgb(srgb, picture) - GREYS).max() < 1e-4
        assert np.abs(from_srgb(srgb.repeat(3, axis=2), picture) - GREYS).max() < 1e-4

    def test_dot_gain(self, profiles: dict[str, bytes]) -> None:
        picture = Picture(GREYS, profiles["grey dot gain"])
        srgb = to_srgb(picture)
        assert np.abs(srgb - encoded(GREYS.astype(np.float64) ** 1.75)).max() < 1e-3
        assert np.abs(from_srgb(srgb, picture) - GREYS).max() < 2e-3  # the table's own steps

    def test_srgb_curve_is_left_alone(self, profiles: dict[str, bytes]) -> None:
        assert np.array_equal(to_srgb(Picture(GREYS, profiles["grey sRGB"])), GREYS)


@pytest.mark.parametrize(
    ("colours", "name"),
    [(GREYS, "Adobe RGB"), (COLOURS, "grey gamma 2.2"), (COLOURS, "CMYK")],
)
def test_a_profile_of_another_model_is_ignored(
    colours: np.ndarray, name: str, profiles: dict[str, bytes]
) -> None:
    picture = Picture(colours, profiles[name])
    assert np.array_equal(to_srgb(picture), colours)
    assert np.array_equal(from_srgb(colours, picture), colours)


def test_a_damaged_profile_is_ignored(profiles: dict[str, bytes]) -> None:
    for damaged in (b"", b"no profile", profiles["Adobe RGB"][:200], bytes(300)):
        picture = Picture(COLOURS, damaged)
        assert np.array_equal(to_srgb(picture), COLOURS)
        assert np.array_equal(from_srgb(COLOURS, picture), COLOURS)


def test_nan(profiles: dict[str, bytes]) -> None:
    colours = COLOURS.copy()
    colours[3, 4] = (np.nan, np.inf, -np.inf)
    plain = to_srgb(Picture(colours))
    assert np.array_equal(plain, colours, equal_nan=True)
    converted = to_srgb(Picture(colours, profiles["Adobe RGB"]))
    assert np.isfinite(converted).all()
    assert np.isfinite(from_srgb(colours, Picture(colours, profiles["Adobe RGB"]))).all()
