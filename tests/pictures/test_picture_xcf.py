"""GIMP's own files: the notes on their layers. Files that GIMP wrote are in tests/gimp."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpen_engine.errors import GpenError
from gpen_engine.pictures.xcf import Note, is_xcf, layer_notes

NOTES = [Note("Höhe", "one", b"\0\1"), Note("Höhe", "two", b""), Note("below", "one", b"{}")]


def text(value: str) -> bytes:
    data = value.encode() + b"\0"
    return struct.pack(">I", len(data)) + data


def parasite(note: Note) -> bytes:
    return text(note.name) + struct.pack(">II", 1, len(note.data)) + note.data


def xcf(version: int, notes: list[Note]) -> bytes:
    """A file with no more than what is read of it."""
    head = b"gimp xcf " + (b"file" if version == 0 else b"v%03d" % version) + b"\0"
    head += struct.pack(">III", 4, 4, 0) + (struct.pack(">I", 150) if version >= 4 else b"")
    end = struct.pack(">II", 0, 0)
    head += struct.pack(">IIB", 17, 1, 0) + end  # compression, and no more of the image
    pointer = ">I" if version < 11 else ">Q"
    names = list(dict.fromkeys(note.layer for note in notes))
    at = len(head) + (len(names) + 1) * struct.calcsize(pointer)
    places, layers = b"", b""
    for name in names:
        payload = b"".join(parasite(note) for note in notes if note.layer == name)
        places += struct.pack(pointer, at + len(layers))
        layers += struct.pack(">III", 4, 4, 1) + text(name)
        layers += struct.pack(">III", 6, 4, 255) + struct.pack(">II", 21, len(payload)) + payload
        layers += end
    return head + places + struct.pack(pointer, 0) + layers


@pytest.mark.parametrize("version", [0, 3, 4, 10, 11, 25])
def test_notes_of_every_version(version: int, tmp_path: Path) -> None:
    (tmp_path / "a.xcf").write_bytes(xcf(version, NOTES))
    assert is_xcf(tmp_path / "a.xcf")
    assert layer_notes(tmp_path / "a.xcf") == NOTES


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "a.xcf.x").write_bytes(pack(xcf(14, NOTES)))
    assert is_xcf(tmp_path / "a.xcf.x")
    assert layer_notes(tmp_path / "a.xcf.x") == NOTES
    (tmp_path / "b.xcf.x").write_bytes(pack(xcf(14, NOTES))[:40])
    with pytest.raises(GpenError) as damaged:
        layer_notes(tmp_path / "b.xcf.x")
    assert damaged.value.code == "bad_image"


def test_no_layers_and_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.xcf").write_bytes(xcf(14, []))
    assert layer_notes(tmp_path / "a.xcf") == []
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty").touch()
    assert not is_xcf(tmp_path / "a.png")
    assert not is_xcf(tmp_path / "empty")


@given(st.integers(0, len(xcf(14, NOTES)) - 1), st.binary(min_size=1, max_size=8))
def test_damage_is_explained(tmp_path_factory: pytest.TempPathFactory, at: int, by: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.xcf"
    whole = xcf(14, NOTES)
    for data in (whole[:at], whole[:at] + by + whole[at + len(by) :]):
        path.write_bytes(data)
        with suppress(GpenError):  # the only error there is
            layer_notes(path)
