"""OpenEXR and DPX: every sample and what the header says come back."""

from __future__ import annotations

import struct
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpen_engine.errors import GpenError
from gpen_engine.pictures import Picture, read_picture, read_xmp, to_srgb, write_picture
from gpen_engine.provenance import Invention, invention, marked

oiio = pytest.importorskip("OpenImageIO", reason="the extra 'film' is not installed")
TOLD = Invention("GPEN-Mini-256", "0" * 64, 1.0, 2, "0.1.0")
RNG = np.random.default_rng(3)
LIGHT = RNG.normal(0.4, 1.5, (13, 17, 3)).astype(np.float16)


def save(path: Path, pixels: np.ndarray, kind: str, names: Any = None, **how: Any) -> Path:
    """Writes a file by the library itself; words in ``how`` have ``__`` for a colon."""
    height, width, channels = pixels.shape
    spec = oiio.ImageSpec(width, height, channels, kind)
    if names:
        spec.channelnames = names
    for name, value in how.items():
        if isinstance(value, tuple) and isinstance(value[0], str):
            spec.attribute(name.replace("__", ":"), oiio.TypeDesc(value[0]), value[1])
        elif name in ("x", "y", "full_width", "full_height"):
            setattr(spec, name, value)
        else:
            spec.attribute(name.replace("__", ":"), value)
    target = oiio.ImageOutput.create("openexr" if path.suffix == ".exr" else "dpx")
    assert target.open(str(path), spec), target.geterror()
    assert target.write_image(pixels), target.geterror()
    assert target.close()
    return path


def scan(path: Path, bits: int, **how: Any) -> Path:
    """A DPX file of all the levels that there are in so many bits, in its samples' own depth."""
    levels = (np.arange(40 * 60 * 3).reshape(40, 60, 3) * 13 % (1 << bits)).astype(np.uint16)
    if bits == 8:
        return save(path, levels.astype(np.uint8), "uint8", **how)
    deep = (levels << (16 - bits)) | (levels >> max(0, 2 * bits - 16))
    deep = levels if bits == 16 else deep.astype(np.uint16)
    return save(path, deep, "uint16", oiio__BitsPerSample=bits, **how)


def stored(path: Path) -> tuple[np.ndarray, Any]:
    """Samples and header as the library gives them."""
    source = oiio.ImageInput.open(str(path))
    assert source, oiio.geterror()
    pixels = source.read_image("unknown")
    assert pixels is not None, source.geterror()
    return pixels, source.spec()


def rewritten(path: Path) -> Path:
    target = path.with_stem("out")
    write_picture(target, read_picture(path))
    return target


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("names", [("R", "G", "B"), ("R", "G", "B", "A"), ("Y",), ("Y", "A")])
def test_exr_keeps_every_sample(kind: str, names: tuple[str, ...], tmp_path: Path) -> None:
    shape = (13, 17, len(names))
    pixels = RNG.normal(0.4, 3, shape).astype(np.float16 if kind == "half" else np.float32)
    pixels[0, :4, 0] = (np.nan, np.inf, -np.inf, -0.0)
    path = save(tmp_path / "a.exr", pixels, kind, names)
    picture = read_picture(path)
    assert (picture.bits, picture.pixels.dtype) == (16 if kind == "half" else 32, np.float32)
    assert picture.pixels.shape == shape
    after, spec = stored(rewritten(path))
    assert str(spec.format) == kind
    assert tuple(spec.channelnames) == names
    assert after.reshape(shape).tobytes() == pixels.tobytes()


@pytest.mark.parametrize("compression", ["none", "rle", "zip", "zips", "piz", "dwaa", "b44"])
def test_exr_compression_never_loses_more(compression: str, tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", LIGHT, "half", compression=compression)
    before, _ = stored(path)
    after, spec = stored(rewritten(path))
    assert after.tobytes() == before.tobytes()
    lossy = compression in ("dwaa", "b44")
    assert spec.getattribute("compression") == ("zip" if lossy else compression)
    film = read_picture(path).film
    assert film
    assert bool(film.notes) == lossy


def test_exr_keeps_what_its_header_says(tmp_path: Path) -> None:
    told = {
        "smpte:TimeCode": ("timecode", (0x01020304, 7)),
        "FramesPerSecond": ("rational", (24000, 1001)),
    }
    path = save(
        tmp_path / "a.exr",
        LIGHT,
        "half",
        x=3,
        y=-2,
        full_width=40,
        full_height=30,
        PixelAspectRatio=2.0,
        Copyright="archive",
        reel=7,
        **{name.replace(":", "__"): value for name, value in told.items()},
    )
    _, spec = stored(rewritten(path))
    for name, (_, value) in told.items():
        assert tuple(spec.getattribute(name)) == value
    assert (spec.x, spec.y, spec.full_width, spec.full_height) == (3, -2, 40, 30)
    assert spec.getattribute("PixelAspectRatio") == 2
    assert spec.getattribute("Copyright") == "archive"
    assert spec.getattribute("reel") == 7


def test_exr_keeps_other_channels(tmp_path: Path) -> None:
    names = ("R", "G", "B", "A", "Z", "left.R")
    pixels = RNG.normal(0, 9, (13, 17, 6)).astype(np.float32)
    path = save(tmp_path / "a.exr", pixels, "float", names)
    assert read_picture(path).pixels.shape == (13, 17, 4)
    before, was = stored(path)
    after, spec = stored(rewritten(path))
    assert tuple(spec.channelnames) == tuple(was.channelnames)
    assert after.tobytes() == before.tobytes()


def test_exr_is_seen_as_srgb(tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.exr", np.full((2, 2, 3), 0.18, np.float32), "float"))
    np.testing.assert_allclose(to_srgb(picture), 0.46136, atol=1e-4)
    wide = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)
    red = np.zeros((2, 2, 3), np.float32)
    red[:, :, 0] = 1
    path = save(tmp_path / "p3.exr", red, "float", chromaticities=("float[8]", wide))
    srgb = to_srgb(read_picture(path))[0, 0]
    assert srgb[0] > 1.05
    assert srgb[1] < 0


def test_exr_alpha_is_associated_in_the_file_only(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 4), 0.25, np.float32)
    pixels[:, :, 3] = 0.5
    picture = read_picture(save(tmp_path / "a.exr", pixels, "float", ("R", "G", "B", "A")))
    write_picture(tmp_path / "a.png", picture)
    png = read_picture(tmp_path / "a.png")
    np.testing.assert_allclose(png.pixels[0, 0] / 65535, (*[0.73536] * 3, 0.5), atol=1e-4)
    write_picture(tmp_path / "b.exr", png)
    np.testing.assert_allclose(stored(tmp_path / "b.exr")[0], pixels, atol=1e-4)


@pytest.mark.parametrize("endian", ["big", "little"])
@pytest.mark.parametrize("packing", ["Filled, method A", "Filled, method B", "Packed"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx_keeps_every_sample(bits: int, packing: str, endian: str, tmp_path: Path) -> None:
    how = {"dpx__Packing": packing, "oiio__Endian": endian, "dpx__Transfer": "Linear"}
    path = scan(tmp_path / "a.dpx", bits, **how)
    picture = read_picture(path)
    assert (picture.bits, picture.pixels.shape) == (bits, (40, 60, 3))
    before, was = stored(path)
    out = rewritten(path)
    after, spec = stored(out)
    assert after.tobytes() == before.tobytes()
    assert spec.getattribute("dpx:Packing") == was.getattribute("dpx:Packing")
    assert out.read_bytes()[:4] == path.read_bytes()[:4]
    assert out.read_bytes()[2048:] == path.read_bytes()[2048:], "the samples, bit for bit"


def test_dpx_keeps_what_its_header_says(tmp_path: Path) -> None:
    path = scan(
        tmp_path / "a.dpx",
        10,
        dpx__Transfer="Printing density",
        dpx__FrameRate=24.0,
        dpx__FramePosition=86400,
        DocumentName="reel 7",
        smpte__TimeCode=("timecode", (0x01020304, 7)),
    )
    _, spec = stored(rewritten(path))
    assert spec.getattribute("dpx:Transfer") == "Printing density"
    assert spec.getattribute("dpx:FrameRate") == 24
    assert spec.getattribute("dpx:FramePosition") == 86400
    assert spec.getattribute("DocumentName") == "reel 7"
    assert spec.getattribute("dpx:TimeCode") == "01:02:03:04"


def test_samples_of_dpx_are_rounded_to_their_depth(tmp_path: Path) -> None:
    path = scan(tmp_path / "a.dpx", 10, dpx__Transfer="Printing density")
    picture = read_picture(path)
    changed = np.clip(picture.pixels.astype(int) + 40, 0, 65535).astype(np.uint16)  # 0.6 of a level
    write_picture(tmp_path / "b.dpx", replace(picture, pixels=changed))
    before, after = (p.astype(int) >> 6 for p in (picture.pixels, stored(tmp_path / "b.dpx")[0]))
    assert set(np.unique(after - before)[-1:]) == {1}
    assert np.array_equal(after, np.minimum(before + 1, 1023))


def test_printing_density_is_seen_as_srgb(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 3), 685 << 6 | 685 >> 4, np.uint16)
    how = {"oiio__BitsPerSample": 10, "dpx__Transfer": "Printing density"}
    path = save(tmp_path / "a.dpx", pixels, "uint16", **how)
    np.testing.assert_allclose(to_srgb(read_picture(path)), 1, atol=1e-4)
    save(path, pixels, "uint16", oiio__BitsPerSample=10, dpx__Transfer="ITU-R 709-4")
    np.testing.assert_allclose(to_srgb(read_picture(path)), 685 / 1023, atol=1e-4)


def test_dpx_that_does_not_say_its_curve_is_told(tmp_path: Path) -> None:
    film = read_picture(scan(tmp_path / "a.dpx", 10)).film
    assert film
    assert "does not say" in film.notes[0]


@pytest.mark.parametrize("suffix", [".exr", ".dpx"])
def test_what_was_invented_is_told(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    save(path, LIGHT, "half") if suffix == ".exr" else scan(path, 10, dpx__Transfer="Linear")
    assert read_xmp(path) is None
    picture = read_picture(path)
    for strength in (1.0, 0.5):  # written again, the note is replaced
        told = replace(TOLD, strength=strength)
        picture = replace(picture, xmp=marked(picture.xmp, told))
        write_picture(path, picture, force=True)
        picture = read_picture(path)
        assert invention(read_xmp(path)) == invention(picture.xmp) == told
    assert path.read_bytes().count(b"<?xpacket begin") == 1


def test_dpx_keeps_the_data_of_other_users(tmp_path: Path) -> None:
    theirs = b"ANOTHER".ljust(32, b"\0") + b"their data"
    data = (f"uint8[{len(theirs)}]", np.frombuffer(theirs, np.uint8))
    path = scan(tmp_path / "a.dpx", 10, dpx__Transfer="Linear", dpx__UserData=data)
    picture = read_picture(path)
    write_picture(tmp_path / "b.dpx", replace(picture, xmp=marked(None, TOLD)))
    kept = np.asarray(stored(tmp_path / "b.dpx")[1].getattribute("dpx:UserData")).tobytes()
    assert kept.startswith(theirs)
    assert invention(read_xmp(tmp_path / "b.dpx")) == TOLD


@pytest.mark.parametrize("suffix", [".exr", ".dpx"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_pictures_from_elsewhere(suffix: str, channels: int, dtype: type, tmp_path: Path) -> None:
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    pixels = (RNG.random((9, 8, channels)) * white).astype(dtype)
    if channels in (2, 4):
        pixels[:, :, -1] = white
    write_picture(tmp_path / f"a{suffix}", Picture(pixels))
    seen = to_srgb(read_picture(tmp_path / f"a{suffix}"))
    colours = 1 if channels <= 2 else 3
    step = {".exr": 1e-5, ".dpx": 1e-5}[suffix]
    np.testing.assert_allclose(
        seen[:, :, :colours], pixels[:, :, :colours] / np.float32(white), atol=step
    )


@pytest.mark.parametrize("suffix", [".exr", ".dpx"])
def test_the_same_picture_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    picture = Picture(RNG.random((20, 30, 3)).astype(np.float32))
    for name in ("a", "longer name"):
        write_picture(tmp_path / f"{name}{suffix}", picture)
    one, other = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "longer name"))
    assert one == other
    assert b"picture" not in one


def refused(path: Path) -> GpenError:
    with pytest.raises(GpenError) as caught:
        read_picture(path)
    return caught.value


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([".exr", ".dpx"]), st.floats(0, 0.999), st.integers(0, 2**32 - 1))
def test_what_is_cut_short_or_damaged_is_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, part: float, seed: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / f"a{suffix}"
    save(path, LIGHT, "half") if suffix == ".exr" else scan(path, 10, dpx__Transfer="Linear")
    data = path.read_bytes()
    path.write_bytes(data[: max(8, int(len(data) * part))])
    error = refused(path)
    assert error.code == "bad_image"
    assert path.name in error.sentence
    damaged = bytearray(data)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        damaged[rng.integers(4, min(900, len(data)))] = rng.integers(256)
    path.write_bytes(damaged)
    try:
        read_picture(path)  # may still be a picture
    except GpenError as wrong:
        assert wrong.code == "bad_image"  # noqa: PT017


def test_hostile_sizes_are_refused_before_they_are_allocated(tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", LIGHT, "half")
    data = path.read_bytes()
    at = data.index(b"dataWindow\0box2i\0\x10\0\0\0") + len(b"dataWindow\0box2i\0\x10\0\0\0")
    path.write_bytes(data[:at] + struct.pack("<4i", 0, 0, 10**6, 10**6) + data[at + 16 :])
    assert "1000001 x 1000001 pixels" in refused(path).sentence
    path = scan(tmp_path / "a.dpx", 10, dpx__Transfer="Linear", oiio__Endian="big")
    data = bytearray(path.read_bytes())
    data[772:780] = struct.pack(">II", 10**6, 10**6)
    path.write_bytes(data)
    assert "1000000 x 1000000 pixels" in refused(path).sentence


def test_what_is_no_plain_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", LIGHT, "half", ("U", "V", "W"))
    assert "the channels U, V, W" in refused(path).sentence
    whole = np.zeros((4, 4, 3), np.uint32)
    assert "whole numbers" in refused(save(tmp_path / "b.exr", whole, "uint")).sentence
    path = scan(tmp_path / "a.dpx", 10, dpx__Transfer="ADX")
    assert "ADX" in refused(path).sentence


def test_any_name_of_a_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", LIGHT, "half")
    for name in ("who?.exr", "scan_#.exr", "ä.exr", "no suffix", "a.png"):
        if sys.platform == "win32" and "?" in name:
            continue
        assert path.rename(tmp_path / name) == (path := tmp_path / name)
        assert read_picture(path).bits == 16


def test_without_the_library_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.exr", LIGHT, "half")
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    errors = [refused(path)]
    with pytest.raises(GpenError) as caught:
        write_picture(tmp_path / "b.dpx", Picture(np.zeros((4, 4, 3), np.uint8)))
    for error in [*errors, caught.value]:
        assert error.code == "film_missing"
        assert "pip install 'gpen-engine[film]'" in error.hint
