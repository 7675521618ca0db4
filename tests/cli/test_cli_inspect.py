"""``gpen inspect``: what files say about faces that were restored in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpen_engine.pictures import Picture, write_picture
from gpen_engine.pictures.xcf import Note
from gpen_engine.provenance import Invention, marked
from gpen_engine.version import version

Save = Callable[[Path, np.ndarray], Path]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_restored_picture_says_so(
    gpen, save: Save, face: np.ndarray, model_file: Path, tmp_path: Path, suffix: str
) -> None:
    source, target = save(tmp_path / "in.png", face), tmp_path / f"out{suffix}"
    more = ("--model", model_file, "--strength", 0.5, "--json", tmp_path / "report.json")
    assert gpen("restore", source, "-o", target, *more).exit_code == 0
    result = gpen("inspect", target)
    (report,) = json.loads((tmp_path / "report.json").read_text())
    assert result.stdout == (
        f"{target}: 1 face restored with {report['model']} at strength 0.5 (gpen {version()}).\n"
        "  Digital source type: compositeWithTrainedAlgorithmicMedia\n"
        f"  SHA-256 of the weights: {report['sha256']}\n"
    )
    (told,) = json.loads(gpen("inspect", "--json", target).stdout)
    assert told["source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert told["restoration"]["faces"] == 1
    packet = Image.open(target).info["xmp"]  # as other programs find it
    packet = packet if isinstance(packet, bytes) else packet.encode()
    assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in packet


@pytest.mark.parametrize(
    ("task", "faces", "done"),
    [
        ("colorize", 2, "2 faces colorized with tiny at strength 1"),
        ("enlarge", 1, "1 face restored with tiny at strength 1"),
        ("enlarge", 0, "enlarged with tiny at strength 1"),
    ],
)
def test_a_picture_says_what_was_done(
    gpen, face: np.ndarray, tmp_path: Path, task: str, faces: int, done: str
) -> None:
    note = Invention("tiny", "", 1.0, faces, "1", task=task)
    write_picture(tmp_path / "out.png", Picture(face, xmp=marked(None, note)))
    shown = gpen("inspect", tmp_path / "out.png").stdout
    assert shown.startswith(f"{tmp_path / 'out.png'}: {done} (gpen 1).\n")


def test_strength_0_invents_nothing(
    gpen, save: Save, face: np.ndarray, model_file: Path, tmp_path: Path
) -> None:
    source, target = save(tmp_path / "in.png", face), tmp_path / "out.png"
    options = ("--model", model_file, "--strength", 0)
    assert gpen("restore", source, "-o", target, *options).exit_code == 0
    for path in (source, target):
        result = gpen("inspect", path)
        assert result.stdout == f"{path}: it has no note about restored faces.\n"


@pytest.mark.parametrize(
    ("task", "done"),
    [(None, "restored"), ("enlarge", "restored"), ("colorize", "colorized"), ("seg2face", "drawn")],
)
def test_a_layer_says_what_was_done(
    gpen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str | None, done: str
) -> None:
    """How it stands in an XCF is tested with ``pictures.xcf``, and with GIMP's own files."""
    known = {"task": task, "faces": [{}], "model": "tiny", "strength": 0.5, "engine": "1"}
    note = Note("Faces", "gpen-restoration", json.dumps(known).encode())
    monkeypatch.setattr("gpen_engine.pictures.xcf.is_xcf", lambda path: True)
    monkeypatch.setattr("gpen_engine.pictures.xcf.layer_notes", lambda path: [note])
    (tmp_path / "a.xcf").touch()
    first = gpen("inspect", tmp_path / "a.xcf").stdout.splitlines()[0]
    assert first.endswith(f'layer "Faces": 1 face {done} with tiny at strength 0.5 (gpen 1).')


def test_files_that_are_no_pictures(gpen, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no")
    for path in (tmp_path / "a.txt", tmp_path / "none.jpg", tmp_path):
        result = gpen("inspect", path)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
