"""XMP packets: carried from file to file, with properties taken out and put in."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gpen_engine.errors import GpenError
from gpen_engine.pictures import Picture, read_picture, read_xmp, write_picture, xmp
from gpen_engine.pictures.xmp import Property

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DC = Property("http://purl.org/dc/elements/1.1/", "dc", "source")
NOTE = Property(xmp.OURS, "gpen", "Model")
FULL = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>
 <rdf:Description rdf:about="uuid:7" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
   xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
   tiff:Orientation="6" tiff:Make="Leica" hdrgm:Version="1.0">
  <dc:creator><rdf:Seq><rdf:li>Zoë &amp; Łukasz</rdf:li></rdf:Seq></dc:creator>
  <dc:source>a drawer</dc:source>
 </rdf:Description>
</rdf:RDF></x:xmpmeta>
{" " * 2000}
<?xpacket end="w"?>""".encode()
SUFFIXES = [".jpg", ".png", ".tif", ".webp"]


def picture(packet: bytes | None) -> Picture:
    return Picture(np.full((20, 30, 3), 99, np.uint8), xmp=packet)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_keeps_a_packet_to_the_byte(suffix: str, tmp_path: Path) -> None:
    path, packet = tmp_path / f"a{suffix}", xmp.carried(FULL)
    write_picture(path, picture(packet))
    assert read_xmp(path) == packet
    assert read_picture(path).xmp == packet
    with Image.open(path) as image:  # as others see it
        assert bytes(image.info["xmp"]) == packet
    write_picture(path, picture(None), force=True)
    assert read_xmp(path) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_beside_exif_and_profile(
    suffix: str, tmp_path: Path, exif_block: bytes, profiles: dict[str, bytes]
) -> None:
    path, packet = tmp_path / f"a{suffix}", xmp.carried(FULL)
    pixels = np.full((20, 30, 3), 99, np.uint8)
    write_picture(path, Picture(pixels, profiles["Adobe RGB"], exif_block, None, packet))
    read = read_picture(path)
    assert (read.xmp, read.profile) == (packet, profiles["Adobe RGB"])
    assert read.exif is not None
    assert b"Leica" in read.exif


def test_what_is_not_true_any_more_is_taken_out() -> None:
    packet = xmp.carried(FULL)
    assert packet is not None
    known = xmp.properties(packet)
    assert known["http://ns.adobe.com/tiff/1.0/", "Make"] == "Leica"
    assert ("http://ns.adobe.com/tiff/1.0/", "Orientation") not in known
    assert b"Version" not in packet
    assert "Zoë &amp; Łukasz" in packet.decode()
    assert xmp.carried(packet) is packet, "nothing to change, nothing changed"


def test_a_property_replaces_the_one_before() -> None:
    once = xmp.with_properties(FULL, {DC: "an <attic>", NOTE: "one"})
    twice = xmp.with_properties(once, {NOTE: "two"})
    assert xmp.properties(twice)[DC.namespace, DC.name] == "an <attic>"
    assert xmp.properties(twice)[NOTE.namespace, NOTE.name] == "two"
    assert b"a drawer" not in twice
    assert b">one<" not in twice
    assert twice.count(b'about="uuid:7"') == 3, "all descriptions are about the same"


def test_a_packet_is_made_where_there_is_none() -> None:
    packet = xmp.with_properties(None, {NOTE: "one"})
    assert packet.startswith(b'<?xpacket begin="\xef\xbb\xbf"')
    assert xmp.properties(packet) == {(NOTE.namespace, NOTE.name): "one"}


def test_a_jpeg_without_room_for_all_keeps_the_note(tmp_path: Path) -> None:
    packet = xmp.with_properties(None, {DC: "x" * 70_000, NOTE: "one"})
    write_picture(tmp_path / "a.jpg", picture(packet))
    assert xmp.properties(read_xmp(tmp_path / "a.jpg")) == {(NOTE.namespace, NOTE.name): "one"}


def test_a_packed_text_in_a_png(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", FULL.decode(), zip=True)
    notes.add_itxt("Comment", "nothing", lang="en")
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png", pnginfo=notes)
    assert read_xmp(tmp_path / "a.png") == FULL
    bomb = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(1 << 24))
    file = io.BytesIO()
    Image.new("RGB", (3, 3)).save(file, "PNG")
    png = file.getvalue()
    chunk = len(bomb).to_bytes(4, "big") + b"iTXt" + bomb
    chunk += zlib.crc32(b"iTXt" + bomb).to_bytes(4, "big")
    (tmp_path / "b.png").write_bytes(png[:33] + chunk + png[33:])
    assert read_picture(tmp_path / "b.png").xmp is None
    assert len(read_xmp(tmp_path / "b.png") or b"") <= 1 << 22


def test_a_tiff_whose_packet_is_no_packet(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.eye(5, dtype=np.uint8), extratags=[(700, 3, 2, (1, 2), True)]
    )
    assert read_picture(tmp_path / "a.tif").xmp is None


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\0",
        b"<a/>",
        FULL[:400],
        FULL.decode().encode("utf-16"),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + FULL[60:],
        b'<?xml version="1.0" encoding="cp037"?>' + FULL[60:],
        b"\xff" + FULL,
    ],
)
def test_what_cannot_be_understood_does_not_go_along(packet: bytes) -> None:
    assert xmp.carried(packet) is None
    assert xmp.properties(packet) == {}
    assert xmp.properties(xmp.with_properties(packet, {NOTE: "a"})) == {(xmp.OURS, "Model"): "a"}


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_survived(packet: bytes) -> None:
    xmp.carried(packet)
    xmp.properties(packet)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=60))
def test_any_value_comes_back(value: str) -> None:
    if any(ord(character) in (0xFFFE, 0xFFFF) for character in value):
        return  # not in XML
    packet = xmp.with_properties(FULL, {NOTE: value})
    assert xmp.properties(packet)[NOTE.namespace, NOTE.name] == value


def test_reading_only_the_packet_explains_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    with pytest.raises(GpenError) as damaged:
        read_xmp(tmp_path / "a.jpg")
    assert damaged.value.code == "bad_image"
