from __future__ import annotations

import fake_gi
import pytest
from pixels import colour_writer, copy_pixels, coverage_writer, read_strips, sample_type
from rectangle import Rectangle

SRGB = "GIMP built-in sRGB"
DEPTHS = ("u8", "u16", "u32", "half", "float", "double")
KINDS = ("linear", "non-linear", "perceptual")
SHALLOW = {
    "u8-non-linear": "u8",
    "u8-perceptual": "u8",
    "u8-linear": "u16",
    "u16-non-linear": "u16",
    "u16-perceptual": "u16",
}


@pytest.mark.parametrize("precision", [f"{depth}-{kind}" for depth in DEPTHS for kind in KINDS])
def test_the_smallest_type_that_holds_an_image(precision: str) -> None:
    expected = SHALLOW.get(precision, "float")
    assert sample_type(precision, SRGB) == expected
    assert sample_type(precision, "sRGB IEC61966-2.1") == expected
    assert sample_type(precision, "GIMP built-in D65 Grayscale with sRGB TRC") == expected
    assert sample_type(precision, "Compatible with Adobe RGB (1998)") == "float"
    assert sample_type(precision, "") == "float"


def numbered(width: int, height: int) -> fake_gi.Layer:
    layer = fake_gi.Image(width, height).layer()
    layer.plane[:] = bytes(n % 251 for n in range(len(layer.plane)))
    return layer


def test_strips_are_the_rows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpen_engine.wire.channel.STRIP", 40)
    layer = numbered(5, 7)
    strips = list(read_strips(layer, Rectangle(0, 0, 5, 7), "any", 4))
    assert [len(strip) for strip in strips] == [40, 40, 40, 20]
    assert b"".join(strips) == layer.plane


def test_strips_are_read_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpen_engine.wire.channel.STRIP", 20)
    layer = numbered(5, 3)
    strips = read_strips(layer, Rectangle(0, 0, 5, 3), "any", 4)
    next(strips)
    layer.plane[20:] = bytes(40)
    assert b"".join(strips) == bytes(40)


def test_a_part_beyond_the_edge_is_empty_there() -> None:
    layer = numbered(2, 2)
    (strip,) = read_strips(layer, Rectangle(-1, 1, 2, 2), "any", 4)
    assert strip == bytes(4) + layer.plane[8:12] + bytes(8)


def test_rectangles_arrive_when_the_writer_is_left() -> None:
    layer = numbered(3, 3)
    before = bytes(layer.plane)
    with colour_writer(layer, "u8") as writer:
        writer.write(Rectangle(1, 1, 2, 1), b"12345678")
    assert layer.plane == before[:16] + b"12345678" + before[24:]


@pytest.mark.parametrize("length", [0, 7, 9, 16])
def test_a_wrong_length_is_an_error_that_gegl_would_not_tell(length: int) -> None:
    layer = numbered(3, 3)
    with pytest.raises(ValueError, match=f"{length} bytes"), colour_writer(layer, "u8") as writer:
        writer.write(Rectangle(0, 0, 2, 1), bytes(length))


@pytest.mark.parametrize(("sample", "size"), [("u8", 1), ("u16", 2), ("float", 4)])
def test_a_coverage_has_one_sample_a_pixel(sample: str, size: int) -> None:
    mask = fake_gi.Mask(fake_gi.Image(), "mask", 2, 1)
    with coverage_writer(mask, sample) as writer:
        writer.write(Rectangle(0, 0, 1, 1), bytes(size))
        with pytest.raises(ValueError, match="Y "):
            writer.write(Rectangle(0, 0, 1, 1), bytes(size + 1))


def test_a_copy_has_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpen_engine.wire.channel.STRIP", 24)
    source = numbered(3, 5)
    copy = fake_gi.Layer(source.image, "copy", 3, 5)
    copy_pixels(source, copy)
    assert copy.plane == source.plane
