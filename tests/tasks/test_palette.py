"""The classes of face maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gpen_engine.tasks.palette import CLASSES, COLOURS, as_gpl, nearest, write_palette


def test_19_classes_with_names_and_colours_of_their_own() -> None:
    assert len(CLASSES) == len({c.name for c in CLASSES}) == len({c.rgb for c in CLASSES}) == 19


def test_every_colour_is_its_own_class() -> None:
    classes, strangers = nearest(COLOURS[None])
    assert np.array_equal(classes[0], np.arange(19))
    assert strangers == 0


def test_other_colours_snap_to_the_nearest_and_are_counted() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    rgb[0] = COLOURS[13]
    classes, strangers = nearest(rgb)
    away = np.linalg.norm(rgb[:, :, None].astype(float) - COLOURS, axis=3)
    found = np.take_along_axis(away, classes[:, :, None].astype(int), axis=2)[:, :, 0]
    assert np.array_equal(found, away.min(axis=2))
    assert strangers == np.count_nonzero(away.min(axis=2))


def test_the_palette_file(tmp_path: Path) -> None:
    write_palette(tmp_path / "map.gpl")
    lines = (tmp_path / "map.gpl").read_text().splitlines()
    assert lines[0] == "GIMP Palette"
    assert lines[1].startswith("Name: ")
    rows = [line.partition("\t") for line in lines[lines.index("#") + 1 :]]
    assert [name for _, _, name in rows] == [c.name for c in CLASSES]
    assert [tuple(map(int, numbers.split())) for numbers, _, _ in rows] == [c.rgb for c in CLASSES]
    assert as_gpl("other").splitlines()[1] == "Name: other"
