"""Messages to headers and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangers import headers, json_values, refusal

from gpen_engine.errors import GpenError
from gpen_engine.wire import FaceInfo, Hello, PatchInfo, Progress, Reply, Request, Status
from gpen_engine.wire.messages import (
    MOST_PIXELS,
    MOST_SIDE,
    PROTOCOL,
    RESULTS,
    RESULTS_OF,
    SAMPLES,
    TASKS,
    as_header,
    error_header,
    parse_error,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 1 << 40)
sides = st.integers(1, 1 << 14)
texts = st.text(max_size=20)
requests = st.builds(
    Request,
    *(sides, sides, st.sampled_from(sorted(SAMPLES)), st.booleans(), texts, numbers, texts),
    *(st.booleans(), numbers, counts, st.booleans(), counts, st.booleans()),
    *(texts, numbers, st.sampled_from(RESULTS), st.none()),
    *(st.sampled_from(TASKS), st.sampled_from((2, 4)), texts),
)
faces = st.builds(
    FaceInfo,
    st.tuples(*[numbers] * 4),
    st.lists(numbers, min_size=10, max_size=10).map(tuple),
    *(numbers, st.none() | numbers, st.booleans(), st.booleans(), st.lists(texts).map(tuple)),
)
patches = st.builds(
    PatchInfo, counts, counts, sides, sides, st.lists(st.integers(0, 999)).map(tuple)
)
replies = st.builds(
    Reply,
    *(texts, st.none() | texts, texts, texts, st.lists(faces).map(tuple)),
    *(st.lists(patches).map(tuple), st.lists(texts).map(tuple), st.dictionaries(texts, numbers)),
    *(st.sampled_from(TASKS), texts),
)
statuses = st.builds(
    Status,
    *(texts, texts, counts, texts, st.lists(texts).map(tuple), counts, counts, numbers, texts),
)
hellos = st.builds(Hello, counts, texts, counts)
steps = st.builds(Progress, texts, counts, counts)
messages = requests | replies | statuses | hellos | steps


@given(messages)
def test_every_message_comes_back_as_it_was(message: Any) -> None:
    header = json.loads(json.dumps(as_header("some", message)))
    assert header["kind"] == "some"
    assert type(message).parse(header) == message


@given(texts, texts, texts)
def test_an_error_comes_back_as_it_was(code: str, sentence: str, hint: str) -> None:
    error = parse_error(json.loads(json.dumps(error_header(GpenError(code, sentence, hint)))))
    assert (error.code, error.sentence, error.hint) == (code, sentence, hint)


RIGHT = {
    Request: headers(
        width=sides,
        height=sides,
        sample=st.sampled_from(sorted(SAMPLES)),
        selected=st.booleans(),
        model=texts,
        strength=numbers,
        template=texts,
        keep_colours=st.booleans(),
        threshold=numbers,
        detection_size=counts,
        fallback=st.booleans(),
        seed=counts,
        match_grain=st.booleans(),
        guard=texts,
        guard_similarity=numbers,
        result=st.sampled_from(RESULTS),
        task=st.sampled_from(TASKS),
        scale=counts,
        upscaler=texts,
    ),
    Reply: headers(
        model=texts,
        sha256=texts,
        device=texts,
        engine=texts,
        faces=st.lists(headers(box=st.tuples(*[numbers] * 4), score=numbers)),
        patches=st.lists(headers(x=counts, y=counts, width=sides, height=sides)),
        notes=st.lists(texts),
        seconds=st.dictionaries(texts, numbers | json_values),
        task=texts,
        upscaler=texts,
    ),
    Hello: headers(protocol=counts, engine=texts, pid=counts),
    Progress: headers(stage=texts, done=counts, total=counts),
    Status: headers(state=texts, engine=texts, pid=counts, models=st.lists(texts)),
}


@pytest.mark.parametrize("kind", RIGHT)
@given(st.data())
def test_anything_is_a_message_or_refused(kind: Any, data: st.DataObject) -> None:
    header = data.draw(RIGHT[kind])
    assert refusal(lambda: kind.parse(header)) in ("", "protocol", "too_large")


@given(headers(code=texts, sentence=texts, hint=texts))
def test_anything_is_an_error_or_refused(header: dict[str, Any]) -> None:
    try:
        error = parse_error(header)
    except GpenError as refused:
        error = refused
    assert isinstance(error.code, str)


@pytest.mark.parametrize(
    ("width", "height", "is_too_large"),
    [
        (MOST_SIDE, 1, False),
        (MOST_SIDE + 1, 1, True),
        (1, MOST_SIDE + 1, True),
        (1 << 15, 1 << 14, False),
        (1 << 15, (1 << 14) + 1, True),
        (1 << 62, 1 << 62, True),
    ],
)
def test_how_large_a_picture_may_be(width: int, height: int, is_too_large: bool) -> None:
    assert MOST_PIXELS == 1 << 29
    header = as_header("restore", Request(width, height))
    if not is_too_large:
        assert Request.parse(header).height == height
        return
    with pytest.raises(GpenError) as refused:
        Request.parse(header)
    assert refused.value.code == "too_large"
    assert "Select" in refused.value.hint


@pytest.mark.parametrize(
    ("width", "height", "scale", "is_too_large"),
    [
        (1 << 14, 1 << 13, 2, False),
        (1 << 14, (1 << 13) + 1, 2, True),
        (MOST_SIDE // 4, 1, 4, False),
        (MOST_SIDE // 4 + 1, 1, 4, True),
        (3, 3, 1 << 40, True),
    ],
)
def test_how_large_a_new_picture_may_be(
    width: int, height: int, scale: int, is_too_large: bool
) -> None:
    request = Request(width, height, task="enlarge", scale=scale)
    if not is_too_large:
        assert Request.parse(as_header("restore", request)) == request
        return
    with pytest.raises(GpenError) as refused:
        Request.parse(as_header("restore", request))
    assert refused.value.code == "too_large"
    assert "Enlarge it less" in refused.value.hint


def test_only_an_enlarged_picture_has_another_size() -> None:
    for task in TASKS:
        grown = 4 if task == "enlarge" else 1
        assert Request(30, 20, task=task, scale=4).result_size == (30 * grown, 20 * grown)


@pytest.mark.parametrize(("name", "value"), [("task", "paint"), ("scale", 0), ("upscaler", None)])
def test_fields_of_tasks_are_checked(name: str, value: object) -> None:
    header = {**as_header("restore", Request(3, 2)), name: value}
    assert refusal(lambda: Request.parse(header)) == "protocol"


def test_results_of_tasks_are_results_of_tasks() -> None:
    assert set(RESULTS_OF) <= set(TASKS)
    assert {result for results in RESULTS_OF.values() for result in results} <= set(RESULTS)


def test_row_bytes() -> None:
    for sample, size in (("u8", 1), ("u16", 2), ("float", 4)):
        request = Request(100, 50, sample)
        assert (request.row_bytes, request.selection_row_bytes) == (400 * size, 100 * size)


def test_what_later_versions_rely_on() -> None:
    """These never change, so that any client can ask any engine how it is, or send it away."""
    assert PROTOCOL == 5
    assert as_header("stop") == {"kind": "stop"}
    assert set(as_header("hello", Hello(1, "a", 2))) == {"kind", "protocol", "engine", "pid"}
    assert Hello.parse({"protocol": 7, "engine": "9.9", "pid": 1, "more": []}).protocol == 7
