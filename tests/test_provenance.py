"""The note about what was invented, in a picture's XMP."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gpen_engine.pictures import xmp
from gpen_engine.pictures.xmp import IPTC, Property
from gpen_engine.provenance import (
    COMPOSITE,
    GENERATED,
    SOURCE_TYPES,
    Invention,
    invention,
    marked,
    source_type,
)

NOTE = Invention("GPEN-BFR-512", "ab" * 32, 0.7, 3, "1.2.3")
TYPE = Property(IPTC, "Iptc4xmpExt", "DigitalSourceType")
CAMERA = "digitalCapture"


def test_the_note_comes_back() -> None:
    packet = marked(None, NOTE)
    assert invention(packet) == NOTE
    assert invention(marked(packet, drawn := replace(NOTE, task="seg2face"))) == drawn
    assert source_type(packet) == COMPOSITE
    assert f">{SOURCE_TYPES}{COMPOSITE}<".encode() in packet


def test_a_second_restoration_replaces_the_first_note() -> None:
    packet = marked(marked(None, NOTE), replace(NOTE, model="other", faces=1))
    assert invention(packet) == replace(NOTE, model="other", faces=1)
    assert packet.count(b"DigitalSourceType>") == 2, "one element: begin and end"


@pytest.mark.parametrize(("before", "after"), [(CAMERA, COMPOSITE), (GENERATED, GENERATED)])
def test_what_the_picture_was_before(before: str, after: str) -> None:
    packet = xmp.with_properties(None, {TYPE: SOURCE_TYPES + before})
    assert source_type(marked(packet, NOTE)) == after


def test_a_note_of_an_older_version_names_no_task() -> None:
    packet = marked(None, replace(NOTE, task="inpaint"))
    older = re.sub(rb"<gpen:Task>inpaint</gpen:Task>", b"", packet)
    assert len(older) < len(packet)
    assert invention(older) == NOTE


def test_as_an_attribute_or_a_resource() -> None:
    """The two other ways in which programs write a simple property."""
    head = f'<rdf:RDF xmlns:rdf="{xmp.RDF}"><rdf:Description xmlns:e="{IPTC}"'
    value = SOURCE_TYPES + CAMERA
    for rest in (
        f' e:DigitalSourceType="{value}"/></rdf:RDF>',
        f'><e:DigitalSourceType rdf:resource="{value}"/></rdf:Description></rdf:RDF>',
    ):
        packet = (head + rest).encode()
        assert source_type(packet) == CAMERA
        assert source_type(marked(packet, NOTE)) == COMPOSITE


@pytest.mark.parametrize("name", ["Strength", "Faces"])
def test_a_note_that_was_tampered_with_is_none(name: str) -> None:
    key = Property(xmp.OURS, "gpen", name)
    packet = xmp.with_properties(marked(None, NOTE), {key: "many"})
    assert invention(packet) is None
    assert invention(None) is None
