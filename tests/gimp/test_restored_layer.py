"""The plug-in's result: a new layer above the source, and nothing else changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp

if TYPE_CHECKING:
    from gimp_side import call, dump, open_picture


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "old_oval.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo})


@in_gimp
def restored() -> object:
    image = open_picture("photo.jpg")
    source = image.get_layers()[0]
    dump(source, "before")
    answer = call("plug-in-gpen-restore-faces", image=image, drawables=[source])
    if answer.status != "success":
        return {"status": answer.status, "message": answer.message}
    layer = answer.values[0]
    dump(source, "after")
    dump(layer, "restored")
    dump(layer.get_mask(), "coverage")
    return {
        "status": answer.status,
        "message": answer.message,
        "names": [each.get_name() for each in image.get_layers()],
        "offsets": list(layer.get_offsets())[1:],
    }


def test_source_stays_and_a_layer_is_added(restored: Result) -> None:
    assert restored["status"] == "success", restored.value
    assert np.array_equal(restored.pixels("after"), restored.pixels("before"))
    assert restored.pixels("coverage").max() == 255
    assert len(restored["names"]) == 2
