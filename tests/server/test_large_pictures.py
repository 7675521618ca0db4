"""Memory: a picture is held once, and beside it only what its faces need."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from serving import OneModel, answers, request_for, restored, status_of, until

from gpen_engine.server.job import Answer
from gpen_engine.server.job import restore as restore_job
from gpen_engine.server.picture import Received, bytes_needed
from gpen_engine.wire import EngineHome, Request, connect
from gpen_engine.wire.channel import rows_per_strip

WIDEST = 20
"""Bytes of a pixel with its coverage in float32, the most in which a face can be sent."""


def sheet(face: np.ndarray, side: int, zoom: int, dtype: str) -> np.ndarray:
    """A square grey picture with one face in its middle."""
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    picture = np.full((side, side, 4), white // 2, dtype)
    picture[..., 3] = white
    large = cv2.resize(face, None, fx=zoom, fy=zoom)
    at = (side - large.shape[0]) // 2
    picture[at : at + len(large), at : at + len(large)] = large / 255.0 * white
    return picture


def area(answer: Answer) -> int:
    """Pixels of all patches."""
    return sum(patch.width * patch.height for patch in answer.reply.patches)


@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_faces_take_less_than_twice_their_area_beside_the_picture(
    models: OneModel, face: np.ndarray, dtype: str, kind: str
) -> None:
    picture = sheet(face, 1600, 7, dtype)
    request = request_for(picture, detection_size=320, result=kind)
    tracemalloc.start()
    try:
        answer = restore_job(
            models,
            request,
            Received(picture, None),
            progress=lambda _: None,
            cancel=lambda: False,
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(answer.reply.faces) == 1
    assert area(answer) > picture.shape[0] * picture.shape[1] / 3
    assert peak < 2 * area(answer) * WIDEST


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_an_enlarged_picture_is_held_once(models: OneModel, face: np.ndarray, dtype: str) -> None:
    picture = sheet(face, 1200, 1, dtype)
    request = request_for(picture, detection_size=320, task="enlarge", scale=2, upscaler="none")
    tracemalloc.start()
    try:
        answer = restore_job(
            models,
            request,
            Received(picture, None),
            progress=lambda _: None,
            cancel=lambda: False,
        )
        (planes,) = answer.planes
        sent = sum(strip.nbytes for strip in planes.rows())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert planes.pixels.shape == (2400, 2400, 4)
    assert sent == planes.pixels.nbytes * 5 // 4
    faces = 3 * (2 * 200) ** 2 * WIDEST
    assert peak < planes.pixels.nbytes + faces
    assert bytes_needed(request) == 5 * picture.nbytes


def settled(pid: int) -> int:
    """Bytes that a process holds once it tidies up no more."""
    seen = [0]

    def is_steady() -> bool:
        seen.append(psutil.Process(pid).memory_info().rss)
        time.sleep(0.3)
        return abs(seen[-1] - seen[-2]) < 1 << 20

    until(is_steady)
    return seen[-1]


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """Gives a list that gets the most bytes that a process held beyond what it held before."""
    process = Path(f"/proc/{pid}")
    before, beyond = settled(pid), []
    (process / "clear_refs").write_text("5")  # the peak begins anew
    yield beyond
    lines = (process / "status").read_text().splitlines()
    beyond += [(int(line.split()[1]) << 10) - before for line in lines if "VmHWM" in line]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a process's peak")
def test_a_hundred_megapixels(
    start: Callable[[], object], engine_home: EngineHome, face: np.ndarray
) -> None:
    """Sent row by row: neither side ever holds more than the picture once."""
    start()
    until(lambda: answers(engine_home))
    until(lambda: status_of(engine_home).state == "idle", 60)
    pid = status_of(engine_home).pid
    small = sheet(face, 1000, 2, "uint8")
    restored(engine_home, small)  # whatever the first job leaves behind
    with watched(pid) as networks:  # what they take for a copy of this size
        restored(engine_home, small)
    side, zoom = 10_000, 5
    large = cv2.resize(face, None, fx=zoom, fy=zoom)
    request = Request(side, side, detection_size=len(small))

    def rows() -> Iterator[memoryview]:
        step = rows_per_strip(request.row_bytes)
        for top in range(0, side, step):
            strip = np.full((min(step, side - top), side, 4), 255, np.uint8)
            part = large[top : top + step]
            strip[: len(part), : part.shape[1]] = part
            yield strip.data

    before = settled(pid)
    with watched(pid) as held, connect(engine_home) as engine:
        reply, (patch,) = engine.restore(request, rows())
    assert len(reply.faces) == 1
    assert max(patch.coverage) == 255
    picture = request.row_bytes * side
    faces = patch.info.width * patch.info.height * WIDEST
    # Beside picture, face and networks: strips of rows on their way in and to the detector.
    assert picture < held[0] < picture + 2 * faces + networks[0] + (64 << 20)
    assert settled(pid) < before + (32 << 20)  # it is given back
