"""What is written is read back: pixels, depth, channels, profile, EXIF, resolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, JpegImagePlugin

from gpen_engine.pictures import Picture, from_unit, read_picture, to_unit, write_picture
from gpen_engine.pictures.formats import FORMATS, exif, tiff

LOSSLESS = [
    (suffix, dtype, channels)
    for suffix, dtypes in (
        (".png", (np.uint8, np.uint16)),
        (".tif", (np.uint8, np.uint16, np.float32)),
        (".TIFF", (np.uint8,)),
    )
    for dtype in dtypes
    for channels in (1, 2, 3, 4)
] + [(".webp", np.uint8, 3), (".webp", np.uint8, 4)]
MODELS = {1: "grey gamma 2.2", 2: "grey dot gain", 3: "Adobe RGB", 4: "ProPhoto"}


def noise(channels: int, dtype: type, size: tuple[int, int] = (37, 53)) -> np.ndarray:
    unit = np.random.default_rng(7).random((*size, channels), dtype=np.float32)
    return from_unit(unit * 1.5 - 0.25 if dtype == np.float32 else unit, dtype)


def smooth(channels: int, dtype: type) -> np.ndarray:
    """Waves that lossy formats keep closely, in 0.1..0.9."""
    y, x = np.mgrid[0:64, 0:96]
    waves = [0.5 + 0.4 * np.sin(x / (9 + 3 * c) + c) * np.cos(y / (8 + c)) for c in range(channels)]
    return from_unit(np.stack(waves, axis=-1).astype(np.float32), dtype)


@pytest.mark.parametrize(("suffix", "dtype", "channels"), LOSSLESS)
def test_lossless_formats_keep_everything(
    suffix: str,
    dtype: type,
    channels: int,
    profiles: dict[str, bytes],
    exif_block: bytes,
    tmp_path: Path,
) -> None:
    block = exif.upright(exif_block)[1]
    written = Picture(noise(channels, dtype), profiles[MODELS[channels]], block, (300.0, 240.0))
    write_picture(tmp_path / f"a{suffix}", written, quality=100)
    read = read_picture(tmp_path / f"a{suffix}")
    assert read.pixels.dtype == dtype
    assert read.pixels.flags.c_contiguous
    assert np.array_equal(read.pixels, written.pixels)
    assert read.profile == written.profile
    assert read.exif is not None
    assert b"Leica" in read.exif
    assert b"1927:10:29 12:00:00" in read.exif
    if suffix.lower().startswith(".tif"):
        assert read.dpi == (300, 240)
    else:
        assert read.exif == written.exif
        assert read.dpi == (None if suffix == ".webp" else pytest.approx((300, 240), abs=0.02))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_what_a_file_does_not_say_stays_unsaid(suffix: str, tmp_path: Path) -> None:
    write_picture(tmp_path / f"a{suffix}", Picture(noise(3, np.uint8)))
    read = read_picture(tmp_path / f"a{suffix}")
    assert (read.profile, read.exif, read.dpi) == (None, None, None)


@settings(max_examples=40)
@given(
    pixels=st.sampled_from([np.uint8, np.uint16, np.float32]).flatmap(
        lambda dtype: arrays.arrays(
            dtype, st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
        )
    ),
    suffix=st.sampled_from([".png", ".tif"]),
)
def test_any_picture_survives(
    pixels: np.ndarray, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if suffix == ".png" and pixels.dtype == np.float32:
        suffix = ".tif"
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    write_picture(path, Picture(pixels))
    read = read_picture(path).pixels
    assert read.dtype == pixels.dtype
    assert read.tobytes() == pixels.tobytes()  # NaN and -0 included


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_close_and_keeps_what_it_is_told(
    channels: int, profiles: dict[str, bytes], exif_block: bytes, tmp_path: Path
) -> None:
    block = exif.upright(exif_block)[1]
    written = Picture(smooth(channels, np.uint8), profiles[MODELS[channels]], block, (300, 240))
    write_picture(tmp_path / "a.jpeg", written)
    read = read_picture(tmp_path / "a.jpeg")
    assert read.pixels.shape == written.pixels.shape
    assert np.abs(read.pixels.astype(int) - written.pixels).max() <= 6
    assert (read.profile, read.exif, read.dpi) == (written.profile, block, (300, 240))
    if channels == 3:
        full_resolution_of_colour = 0
        with Image.open(tmp_path / "a.jpeg") as image:
            assert JpegImagePlugin.get_sampling(image) == full_resolution_of_colour


def test_quality_counts(tmp_path: Path) -> None:
    for suffix in (".jpg", ".webp"):
        for quality in (50, 95):
            picture = Picture(noise(3, np.uint8))
            write_picture(tmp_path / f"{quality}{suffix}", picture, quality=quality)
        sizes = [(tmp_path / f"{quality}{suffix}").stat().st_size for quality in (50, 95)]
        assert sizes[0] < 0.7 * sizes[1]


def test_lossy_webp_is_close_and_keeps_alpha_exactly(tmp_path: Path) -> None:
    pixels = smooth(4, np.uint8)
    write_picture(tmp_path / "a.webp", Picture(pixels))
    read = read_picture(tmp_path / "a.webp").pixels
    assert np.array_equal(read[..., 3], pixels[..., 3])
    assert np.abs(read[..., :3].astype(int) - pixels[..., :3]).mean() < 3


@pytest.mark.parametrize(
    ("suffix", "dtype", "expected"),
    [
        (".png", np.float32, np.uint16),
        (".webp", np.uint16, np.uint8),
        (".webp", np.float32, np.uint8),
    ],
)
def test_depth_that_a_format_lacks_is_rounded_once(
    suffix: str, dtype: type, expected: type, tmp_path: Path
) -> None:
    pixels = noise(3, dtype)
    write_picture(tmp_path / f"a{suffix}", Picture(pixels), quality=100)
    read = read_picture(tmp_path / f"a{suffix}").pixels
    top = np.iinfo(expected).max
    exact = np.clip(to_unit(pixels).astype(np.float64), 0, 1) * top
    assert read.dtype == expected
    assert np.abs(read - exact).max() <= 0.505


def test_jpeg_lays_transparent_pictures_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((32, 48, 4), np.uint16)
    pixels[:, 16:32, 3] = 32768
    pixels[:, 32:, 3] = 65535  # transparent, half, opaque black
    for channels in (4, 2):
        picture = Picture(pixels[..., 4 - channels :])
        write_picture(tmp_path / "a.jpg", picture, force=True, quality=100)
        read = read_picture(tmp_path / "a.jpg").pixels.astype(int)
        assert read.shape == (32, 48, channels - 1)
        for column, value in ((4, 255), (24, 127), (44, 0)):
            assert np.abs(read[:, column] - value).max() <= 2


def test_grey_becomes_colour_in_webp(profiles: dict[str, bytes], tmp_path: Path) -> None:
    pixels = noise(2, np.uint8)
    write_picture(tmp_path / "a.webp", Picture(pixels), quality=100)
    assert np.array_equal(read_picture(tmp_path / "a.webp").pixels, pixels[..., [0, 0, 0, 1]])

    light = (pixels[..., 0] / 255) ** 2.2  # a grey profile cannot go along, so greys become sRGB's
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    picture = Picture(pixels, profiles["grey gamma 2.2"])
    write_picture(tmp_path / "b.webp", picture, quality=100)
    read = read_picture(tmp_path / "b.webp")
    assert read.profile is None
    assert np.abs(read.pixels[..., :3] - srgb[..., None] * 255).max() <= 0.52


def test_exif_too_long_for_jpeg_is_left_out(exif_block: bytes, tmp_path: Path) -> None:
    picture = Picture(noise(3, np.uint8), exif=exif_block + bytes(70000))
    write_picture(tmp_path / "a.jpg", picture)
    assert read_picture(tmp_path / "a.jpg").exif is None
    write_picture(tmp_path / "a.png", picture)
    assert len(read_picture(tmp_path / "a.png").exif or b"") == len(exif_block) + 70000


def test_large_files_become_bigtiff_without_exif(
    exif_block: bytes, profiles: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff, "_LARGEST_CLASSIC", 100)
    picture = Picture(noise(3, np.uint16), profiles["ProPhoto"], exif_block)
    write_picture(tmp_path / "a.tif", picture)
    assert (tmp_path / "a.tif").read_bytes()[:4] == b"II+\0"
    read = read_picture(tmp_path / "a.tif")
    assert np.array_equal(read.pixels, picture.pixels)
    assert (read.profile, read.exif) == (picture.profile, None)


def test_files_are_read_alike_by_pillow(profiles: dict[str, bytes], tmp_path: Path) -> None:
    """Another program sees the same picture and the same profile."""
    picture = Picture(noise(4, np.uint8), profiles["Adobe RGB"], dpi=(300, 300))
    for suffix in (".png", ".tif", ".webp"):
        write_picture(tmp_path / f"a{suffix}", picture, quality=100)
        with Image.open(tmp_path / f"a{suffix}") as image:
            assert np.array_equal(np.asarray(image), picture.pixels)
            assert image.info["icc_profile"] == picture.profile
            if suffix != ".webp":
                assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)


def test_every_format_is_tested_here() -> None:
    film = {"OpenEXR", "DPX"}  # in test_film_formats
    assert {format.name for format in FORMATS} == {"JPEG", "PNG", "TIFF", "WebP", *film}
