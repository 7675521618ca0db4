"""The messages about models, to headers and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangers import headers, refusal

from gpen_engine.wire import Download, Fetch, Fetched, ModelInfo, ModelList
from gpen_engine.wire.messages import as_header

texts = st.text(max_size=20)
counts = st.integers(0, 1 << 40)
numbers = st.floats(allow_nan=False, allow_infinity=False)
infos = st.builds(
    ModelInfo,
    *(texts, st.booleans(), counts, numbers, counts, texts, texts, texts, st.booleans()),
)
lists = st.builds(ModelList, st.lists(infos).map(tuple))
orders = st.builds(Fetch, texts, st.booleans())
downloads = st.builds(Download, texts, counts, counts, numbers)
results = st.builds(Fetched, texts, texts, st.booleans())

RIGHT = {
    ModelList: headers(
        models=st.lists(headers(name=texts, here=st.booleans(), pixels=counts, megabytes=numbers))
    ),
    ModelInfo: headers(
        name=texts,
        here=st.booleans(),
        pixels=counts,
        megabytes=numbers,
        begun=counts,
        terms=texts,
        citation=texts,
        source=texts,
        default=st.booleans(),
    ),
    Fetch: headers(name=texts, accepted=st.booleans()),
    Download: headers(stage=texts, done=counts, total=counts, rate=numbers),
    Fetched: headers(path=texts, sha256=texts, published=st.booleans()),
}


@given(lists | orders | downloads | results)
def test_every_message_about_models_comes_back(message: Any) -> None:
    header = json.loads(json.dumps(as_header("some", message)))
    assert type(message).parse(header) == message


@pytest.mark.parametrize("kind", RIGHT)
@given(st.data())
def test_anything_is_a_message_about_models_or_refused(kind: Any, data: st.DataObject) -> None:
    header = data.draw(RIGHT[kind])
    assert refusal(lambda: kind.parse(header)) in ("", "protocol")


@pytest.mark.parametrize("accepted", [None, 1, "true", []])
def test_nothing_but_true_and_false_is_an_answer_to_the_terms(accepted: object) -> None:
    assert refusal(lambda: Fetch.parse({"name": "a", "accepted": accepted})) == "protocol"


def test_a_model_is_found_in_upper_or_lower_case() -> None:
    models = ModelList((ModelInfo("One", True), ModelInfo("Two", False)))
    assert models.named("TWO") == ModelInfo("Two", False)
    assert models.named("three") is None


@pytest.mark.parametrize(
    ("done", "total", "rate", "left"),
    [(10, 30, 2.0, 10.0), (10, 0, 2.0, None), (10, 30, 0.0, None), (30, 30, 2.0, 0.0)],
)
def test_time_left(done: int, total: int, rate: float, left: float | None) -> None:
    assert Download("download", done, total, rate).left == left
