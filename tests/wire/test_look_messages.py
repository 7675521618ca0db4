"""What passes while a picture is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from gpen_engine.errors import GpenError
from gpen_engine.wire import MOST_PREVIEW, FaceInfo, Found, PreviewInfo, Request
from gpen_engine.wire.messages import as_header

FACE = FaceInfo((1.5, 2.5, 3.5, 4.5), tuple(n / 7 for n in range(10)), 0.97, strength=0.3)
PREVIEW = PreviewInfo(3, 4, 200, 100, 20, 10, 0.75)


def test_faces_come_back_to_the_bit() -> None:
    request = Request(30, 20, faces=(FACE,))
    assert Request.parse(as_header("finish", request)) == request
    assert Request.parse(as_header("finish", Request(30, 20, faces=()))).faces == ()
    assert Request.parse(as_header("find", Request(30, 20))).faces is None
    assert Found.parse(as_header("found", Found((FACE, FACE)))) == Found((FACE, FACE))


def test_a_preview() -> None:
    assert PreviewInfo.parse(as_header("preview", PREVIEW)) == PREVIEW
    assert (
        PreviewInfo.parse({**as_header("preview", PREVIEW), "similarity": None}).similarity is None
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"x": -1},
        {"width": 0},
        {"columns": 0},
        {"rows": MOST_PREVIEW + 1},
        {"columns": 1 << 40},
        {"rows": 2.5},
        {"similarity": "much"},
    ],
)
def test_a_preview_that_nobody_could_show(fault: dict[str, Any]) -> None:
    with pytest.raises(GpenError) as refused:
        PreviewInfo.parse({**as_header("preview", PREVIEW), **fault})
    assert refused.value.code == "protocol"


@pytest.mark.parametrize(
    "faces", [3, [3], [{}], [{**as_header("", FACE), "landmarks": [1.0] * 9}], "x"]
)
def test_faces_that_make_no_sense(faces: Any) -> None:
    with pytest.raises(GpenError) as refused:
        Request.parse({**as_header("finish", Request(30, 20)), "faces": faces})
    assert refused.value.code == "protocol"
