from __future__ import annotations

import fake_gi
import pytest
from image_note import TAG, note, noted

from gpen_engine.wire.source_types import COMPOSITE, GENERATED, SOURCE_TYPES

LINE = f'<tag name="{TAG}">{SOURCE_TYPES}%s</tag>'
OTHER = '  <tag name="Exif.Image.Artist">A &amp; B</tag>\n'
HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n<metadata>\n"


def test_an_image_without_metadata_gets_some() -> None:
    image = fake_gi.Image()
    assert note(image)
    assert image.metadata.serialize() == f"{HEAD}  {LINE % COMPOSITE}\n</metadata>\n"


def test_all_else_stays_to_the_letter() -> None:
    before = f"{HEAD}{OTHER}</metadata>\n"
    assert noted(before) == f"{HEAD}{OTHER}  {LINE % COMPOSITE}\n</metadata>\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("digitalCapture", COMPOSITE), (COMPOSITE, COMPOSITE), (GENERATED, GENERATED)],
)
def test_an_earlier_note_gives_way_unless_it_says_more(before: str, after: str) -> None:
    text = noted(f"{HEAD}  {LINE % before}\n{OTHER}</metadata>\n")
    assert text.count(TAG) == 1
    assert LINE % after in text
    assert OTHER in text


def test_metadata_that_gimp_refuses_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    image = fake_gi.Image()
    monkeypatch.setattr(image, "set_metadata", lambda _: False)
    assert not note(image)
    assert image.metadata is None
