"""Files as cameras, scanners and other programs write them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from gpen_engine.errors import GpenError
from gpen_engine.pictures import Picture, read_picture, write_picture

RNG = np.random.default_rng(3)
COLOUR = RNG.integers(0, 256, (23, 31, 3)).astype(np.uint8)
DEEP = RNG.integers(0, 65536, (23, 31, 3)).astype(np.uint16)


def saved(path: Path, image: Image.Image, **options: object) -> np.ndarray:
    image.save(path, **options)
    return read_picture(path).pixels


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_every_orientation_is_turned_upright(
    suffix: str, orientation: int, exif_with: Callable[[str, int], bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tag = (0x0112, "H", 1, orientation, True)
        tifffile.imwrite(path, COLOUR, photometric="rgb", extratags=[tag], resolution=(300, 200))
    else:
        block = b"Exif\0\0" + exif_with(">", orientation)
        Image.fromarray(COLOUR).save(path, exif=block, lossless=True, dpi=(300, 200))
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    read = read_picture(path)
    assert np.array_equal(read.pixels, expected)
    assert read.pixels.flags.c_contiguous
    if suffix != ".webp":
        dpi = (200, 300) if orientation > 4 else (300, 200)
        assert read.dpi == pytest.approx(dpi, abs=0.02) or suffix == ".tif"

    write_picture(tmp_path / f"b{suffix}", read)  # and it stays upright when written
    again = read_picture(tmp_path / f"b{suffix}")
    assert again.pixels.shape == expected.shape
    if read.exif is not None:
        assert again.exif == read.exif


def test_the_content_tells_the_format_and_not_the_name(tmp_path: Path) -> None:
    assert np.array_equal(saved(tmp_path / "a.png", Image.fromarray(COLOUR)), COLOUR)
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(read_picture(tmp_path / "a.jpg").pixels, COLOUR)


def test_several_pictures_in_a_jpeg(tmp_path: Path) -> None:
    first, second = Image.fromarray(COLOUR), Image.fromarray(COLOUR[::-1].copy())
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "MPO"
        assert np.array_equal(read_picture(tmp_path / "a.jpg").pixels, np.asarray(image))


class TestCmyk:
    INK = RNG.integers(0, 256, (24, 32, 4)).astype(np.uint8)

    @pytest.mark.parametrize("suffix", [".jpg", ".tif"])
    def test_plainly(self, suffix: str, tmp_path: Path) -> None:
        path = tmp_path / f"a{suffix}"
        Image.fromarray(self.INK, "CMYK").save(path, quality=100)
        with Image.open(path) as image:
            ink = np.asarray(image).astype(float)
        expected = (255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255
        read = read_picture(path)
        assert np.abs(read.pixels - expected).max() <= 0.5
        assert read.profile is None

    @pytest.mark.parametrize("suffix", [".jpg", ".tif"])
    def test_by_its_profile(self, suffix: str, profiles: dict[str, bytes], tmp_path: Path) -> None:
        path = tmp_path / f"a{suffix}"
        Image.fromarray(self.INK, "CMYK").save(path, quality=100, icc_profile=profiles["CMYK"])
        (tmp_path / "cmyk.icc").write_bytes(profiles["CMYK"])
        with Image.open(path) as image:
            expected = ImageCms.profileToProfile(
                image,
                str(tmp_path / "cmyk.icc"),
                ImageCms.createProfile("sRGB"),
                ImageCms.Intent.RELATIVE_COLORIMETRIC,
                "RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        read = read_picture(path)
        assert read.pixels.shape == (24, 32, 3)
        assert np.abs(read.pixels.astype(int) - np.asarray(expected)).max() <= 2
        assert read.profile is None

    def test_in_16_bits(self, tmp_path: Path) -> None:
        ink = self.INK.astype(np.uint16) * 257
        tifffile.imwrite(tmp_path / "a.tif", ink, photometric="separated")
        expected = (1 - ink[..., :3] / 65535) * (1 - ink[..., 3:] / 65535) * 65535
        read = read_picture(tmp_path / "a.tif").pixels
        assert read.dtype == np.uint16
        assert np.abs(read - expected).max() <= 0.5


class TestPng:
    def test_palette(self, tmp_path: Path) -> None:
        image = Image.fromarray(COLOUR).quantize(16)
        assert np.array_equal(saved(tmp_path / "a.png", image), np.asarray(image.convert("RGB")))

    def test_palette_with_transparency(self, tmp_path: Path) -> None:
        image = Image.fromarray(COLOUR).quantize(16)
        read = saved(tmp_path / "a.png", image, transparency=bytes(range(0, 160, 10)))
        with Image.open(tmp_path / "a.png") as opened:
            assert np.array_equal(read, np.asarray(opened.convert("RGBA")))

    def test_one_bit(self, tmp_path: Path) -> None:
        bits = COLOUR[..., :1] > 127
        read = saved(tmp_path / "a.png", Image.fromarray(bits[..., 0]))
        assert np.array_equal(read, bits * np.uint8(255))

    def test_one_colour_transparent(self, tmp_path: Path) -> None:
        grey = Image.fromarray(COLOUR[..., 0])
        read = saved(tmp_path / "a.png", grey, transparency=int(COLOUR[0, 0, 0]))
        assert np.array_equal(read[..., 0], COLOUR[..., 0])
        assert np.array_equal(read[..., 1] == 0, COLOUR[..., 0] == COLOUR[0, 0, 0])

    @pytest.mark.parametrize("deep", [False, True])
    def test_interlaced(self, deep: bool, tmp_path: Path) -> None:
        pixels = DEEP if deep else COLOUR
        (tmp_path / "a.png").write_bytes(interlaced_png(pixels))
        assert np.array_equal(read_picture(tmp_path / "a.png").pixels, pixels)

    def test_exif_after_the_pixels(
        self, exif_with: Callable[[str, int], bytes], tmp_path: Path
    ) -> None:
        png = imagecodecs.png_encode(COLOUR)
        (tmp_path / "a.png").write_bytes(png[:-12] + chunk(b"eXIf", exif_with("<", 3)) + png[-12:])
        assert np.array_equal(read_picture(tmp_path / "a.png").pixels, COLOUR[::-1, ::-1])

    @pytest.mark.parametrize("dots", [0, 1, 2**32 - 1])
    def test_nonsense_resolution_is_none(self, dots: int, tmp_path: Path) -> None:
        png = imagecodecs.png_encode(COLOUR)
        size = chunk(b"pHYs", struct.pack(">IIB", dots, 11811, 1))
        (tmp_path / "a.png").write_bytes(png[:33] + size + png[33:])
        assert read_picture(tmp_path / "a.png").dpi is None

    def test_damaged_profile_is_none(self, tmp_path: Path) -> None:
        png = imagecodecs.png_encode(COLOUR)
        (tmp_path / "a.png").write_bytes(png[:33] + chunk(b"iCCP", b"name\0\0junk") + png[33:])
        read = read_picture(tmp_path / "a.png")
        assert read.profile is None
        assert np.array_equal(read.pixels, COLOUR)


class TestTiff:
    @pytest.mark.parametrize(
        "options",
        [
            {"compression": "lzw", "predictor": True},
            {"compression": "zlib"},
            {"compression": "packbits"},
            {"compression": "zstd"},
            {"byteorder": ">"},
            {"bigtiff": True},
            {"tile": (16, 16)},
            {"rowsperstrip": 5},
        ],
        ids=str,
    )
    @pytest.mark.parametrize(
        "pixels", [COLOUR, DEEP, DEEP.astype(np.float32) / 40000], ids=["8", "16", "float"]
    )
    def test_layouts(self, options: dict[str, object], pixels: np.ndarray, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", **options)
        read = read_picture(tmp_path / "a.tif").pixels
        assert read.dtype == pixels.dtype
        assert np.array_equal(read, pixels)

    def test_planes(self, tmp_path: Path) -> None:
        planes = np.moveaxis(DEEP, -1, 0)
        tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
        assert np.array_equal(read_picture(tmp_path / "a.tif").pixels, DEEP)

    def test_first_page(self, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", np.stack((COLOUR, 255 - COLOUR)), photometric="rgb")
        assert np.array_equal(read_picture(tmp_path / "a.tif").pixels, COLOUR)

    @pytest.mark.parametrize("dtype", [np.float16, np.float64])
    def test_other_floats(self, dtype: type, tmp_path: Path) -> None:
        pixels = RNG.normal(size=(9, 8, 3)).astype(dtype)
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
        read = read_picture(tmp_path / "a.tif").pixels
        assert read.dtype == np.float32
        assert np.array_equal(read, pixels.astype(np.float32))

    @pytest.mark.parametrize(("bits", "top"), [(1, 255), (2, 255), (4, 255), (12, 65535)])
    def test_odd_depths(self, bits: int, top: int, tmp_path: Path) -> None:
        levels = 2**bits - 1
        stored = (np.arange(24 * 32).reshape(24, 32) % (levels + 1)).astype(np.uint16)
        stored = stored.astype(np.uint8) if bits < 8 else stored
        tifffile.imwrite(tmp_path / "a.tif", stored, bitspersample=bits, photometric="minisblack")
        read = read_picture(tmp_path / "a.tif").pixels
        assert read.shape == (24, 32, 1)
        assert read.dtype == (np.uint8 if bits < 8 else np.uint16)
        assert np.array_equal(read[..., 0], np.rint(stored / levels * top))

    @pytest.mark.parametrize("pixels", [COLOUR[..., 0], DEEP[..., 0]], ids=["8", "16"])
    def test_white_is_zero(self, pixels: np.ndarray, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="miniswhite")
        read = read_picture(tmp_path / "a.tif").pixels[..., 0]
        assert np.array_equal(read, np.iinfo(pixels.dtype).max - pixels)

    def test_palette(self, tmp_path: Path) -> None:
        image = Image.fromarray(COLOUR).quantize(256)
        assert np.array_equal(saved(tmp_path / "a.tif", image), np.asarray(image.convert("RGB")))

    @pytest.mark.parametrize("top", [255, 65535])
    def test_multiplied_alpha_becomes_straight(self, top: int, tmp_path: Path) -> None:
        dtype = np.uint8 if top == 255 else np.uint16
        alpha = RNG.integers(0, top + 1, (23, 31, 1))
        alpha[:4] = 0
        straight = RNG.integers(0, top + 1, (23, 31, 3))
        multiplied = np.rint(straight * alpha / top)
        tifffile.imwrite(
            tmp_path / "a.tif",
            np.concatenate((multiplied, alpha), axis=-1).astype(dtype),
            photometric="rgb",
            extrasamples=["assocalpha"],
        )
        read = read_picture(tmp_path / "a.tif").pixels.astype(int)
        assert np.array_equal(read[..., 3:], alpha)
        again = np.rint(read[..., :3] * alpha / top)
        assert np.array_equal(again, multiplied), "multiplied again it is what the file held"

    def test_further_channels_are_left_out(self, tmp_path: Path) -> None:
        six = np.concatenate((COLOUR, COLOUR), axis=-1)
        tifffile.imwrite(tmp_path / "a.tif", six, photometric="rgb", planarconfig="contig")
        assert np.array_equal(read_picture(tmp_path / "a.tif").pixels, six[..., :4])

    def test_jpeg_within(self, tmp_path: Path) -> None:
        y, x = np.mgrid[0:48, 0:64]
        soft = np.stack((x * 4, y * 5, (x + y) * 2), axis=-1).astype(np.uint8)
        tifffile.imwrite(tmp_path / "a.tif", soft, photometric="rgb", compression="jpeg")
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            assert file.pages.first.photometric == tifffile.PHOTOMETRIC.YCBCR
        read = read_picture(tmp_path / "a.tif").pixels
        assert np.abs(read.astype(int) - soft).mean() < 1

    @pytest.mark.parametrize(
        ("pixels", "photometric"),
        [
            (COLOUR.astype(np.uint32), "rgb"),
            (COLOUR.astype(np.int16), "rgb"),
            (COLOUR[..., 0].astype(np.complex64), "minisblack"),
            (COLOUR, "cielab"),
            (np.repeat(COLOUR[..., :1], 20, axis=2), "minisblack"),
        ],
    )
    def test_what_photographs_are_not_stored_as(
        self, pixels: np.ndarray, photometric: str, tmp_path: Path
    ) -> None:
        planar = {"planarconfig": "contig"} if pixels.ndim == 3 else {}
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric, **planar)
        with pytest.raises(GpenError, match="it holds") as caught:
            read_picture(tmp_path / "a.tif")
        assert caught.value.code == "bad_image"


def test_of_an_animation_the_first_picture(tmp_path: Path) -> None:
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    for suffix in (".webp", ".png"):
        path = tmp_path / f"a{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
        assert np.array_equal(read_picture(path).pixels[..., :3], COLOUR)


class TestErrors:
    def code(self, path: Path) -> str:
        with pytest.raises(GpenError) as caught:
            read_picture(path)
        assert caught.value.sentence.endswith(".")
        assert caught.value.hint
        return caught.value.code

    def test_missing(self, tmp_path: Path) -> None:
        assert self.code(tmp_path / "none.jpg") == "file_missing"
        assert self.code(tmp_path / "no folder" / "none.jpg") == "file_missing"

    def test_not_a_picture(self, tmp_path: Path) -> None:
        assert self.code(tmp_path) == "bad_image"
        assert self.code(Path("a\0b.jpg")) == "bad_image"
        for content in (b"", b"\xff", b"Dear Sir or Madam, this is a letter.", bytes(100)):
            (tmp_path / "a.jpg").write_bytes(content)
            assert self.code(tmp_path / "a.jpg") == "bad_image"

    def test_unsupported_format(self, tmp_path: Path) -> None:
        Image.fromarray(COLOUR).save(tmp_path / "a.gif")
        assert self.code(tmp_path / "a.gif") == "bad_image"

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
    def test_cut_short(self, suffix: str, tmp_path: Path) -> None:
        write_picture(tmp_path / f"a{suffix}", Picture(COLOUR))
        whole = (tmp_path / f"a{suffix}").read_bytes()
        for part in (0.1, 0.5, 0.9):
            (tmp_path / "cut").write_bytes(whole[: int(len(whole) * part)])
            assert self.code(tmp_path / "cut") == "bad_image"

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
    def test_too_large(self, suffix: str, tmp_path: Path) -> None:
        """Files of a few bytes that claim 60000 x 60000 pixels."""
        path = tmp_path / f"a{suffix}"
        side = 60000
        if suffix == ".jpg":
            Image.fromarray(COLOUR).save(path)
            data = path.read_bytes()
            path.write_bytes(
                data.replace(struct.pack(">HH", 23, 31), struct.pack(">HH", side, side), 1)
            )
        elif suffix == ".png":
            header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b""))
        else:
            tifffile.imwrite(path, COLOUR, photometric="rgb")
            with tifffile.TiffFile(path, mode="r+b") as file:
                for name in ("ImageWidth", "ImageLength"):
                    file.pages.first.tags[name].overwrite(side)
        with pytest.raises(GpenError, match="60000 x 60000 pixels") as caught:
            read_picture(path)
        assert caught.value.code == "bad_image"

    @settings(max_examples=150)
    @given(data=st.data())
    def test_damage_is_an_error_or_a_picture(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        folder = tmp_path_factory.mktemp("damaged")
        suffix = data.draw(st.sampled_from([".jpg", ".png", ".webp", ".tif"]))
        write_picture(folder / f"a{suffix}", Picture(COLOUR[:5, :6]))
        content = bytearray((folder / f"a{suffix}").read_bytes())
        for _ in range(data.draw(st.integers(1, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        (folder / "b").write_bytes(content)
        with suppress(GpenError):
            assert read_picture(folder / "b").pixels.ndim == 3


def test_larger_than_pillow_allows(tmp_path: Path) -> None:
    """182 megapixels; Pillow's own limit is 179."""
    Image.new("L", (14000, 13000), 77).save(tmp_path / "a.jpg")
    pixels = read_picture(tmp_path / "a.jpg").pixels
    assert pixels.shape == (13000, 14000, 1)
    assert (pixels[::999, ::999] == 77).all()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def interlaced_png(pixels: np.ndarray) -> bytes:
    """The seven passes of Adam7, unfiltered."""
    height, width, _ = pixels.shape
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = b""
    for x, y, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        rows += b"".join(b"\0" + row.tobytes() for row in big_endian[y::down, x::across])
    header = struct.pack(">IIBBBBB", width, height, pixels.itemsize * 8, 2, 0, 0, 1)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
