"""XMP packets: what a picture file says about itself, as RDF in XML (ISO 16684-1).

A packet goes along as it is. Only properties that are not true of the new file are taken out, and
others put in, so that nothing is lost that we do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.dom import Node
from xml.dom.minidom import Attr, Document, Element, parseString
from xml.parsers.expat import ExpatError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DECLARED = "http://www.w3.org/2000/xmlns/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OURS = "urn:gpen-gimp:restoration:1.0/"
PREFIXES = {IPTC: "Iptc4xmpExt", OURS: "gpen"}
"""The namespaces that are kept where there is not room for all."""
_LARGEST = 4 << 20
"""Bytes. As a tree a packet takes thirty times as much."""
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF></x:xmpmeta>'
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_TAIL = '<?xpacket end="w"?>'


class Property(NamedTuple):
    """The name of a property."""

    namespace: str
    prefix: str
    """What the namespace is usually abbreviated to."""
    name: str


_UNTRUE = (
    ("http://ns.adobe.com/tiff/1.0/", "Orientation"),  # the picture is turned upright
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),  # show the picture as it was
    ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"),  # in segments that are not read
    ("http://ns.adobe.com/hdr-gain-map/1.0/", None),  # a second picture, which is not kept
    ("http://ns.google.com/photos/1.0/container/", None),  # where in the file that one lies
)
"""(namespace, name) of what ceases to be true; None stands for every name."""


def carried(packet: bytes | None) -> bytes | None:
    """The packet as it may stand in a picture that is written anew.

    None where there is none, or where it cannot be understood and so might say anything.
    """
    document = _parsed(packet)
    if document is None:
        return None
    removed = [_remove(document, namespace, name) for namespace, name in _UNTRUE]
    return _packed(document) if any(removed) else packet


def with_properties(packet: bytes | None, values: Mapping[Property, str]) -> bytes:
    """The packet with these simple properties instead of older ones of the same names."""
    document = _parsed(packet) or parseString(_EMPTY)
    for key in values:
        _remove(document, key.namespace, key.name)
    description = document.createElementNS(RDF, "rdf:Description")
    description.setAttribute("xmlns:rdf", RDF)
    description.setAttribute("rdf:about", _about(document))
    for key, value in values.items():
        description.setAttribute(f"xmlns:{key.prefix}", key.namespace)
        element = document.createElementNS(key.namespace, f"{key.prefix}:{key.name}")
        element.appendChild(document.createTextNode(value))
        description.appendChild(element)
    _rdf(document).appendChild(description)
    return _packed(document)


def properties(packet: bytes | None) -> dict[tuple[str, str], str]:
    """The simple properties by (namespace, name); structures and lists are left out."""
    document = _parsed(packet)
    found: dict[tuple[str, str], str] = {}
    if document is None:
        return found
    for description in _descriptions(document):
        for attribute in description.attributes.values():
            if attribute.namespaceURI not in (None, RDF, _DECLARED):
                found[attribute.namespaceURI, attribute.localName] = attribute.value
        for element in _elements(description):
            resource = element.getAttributeNS(RDF, "resource")
            text = "".join(n.data for n in element.childNodes if n.nodeType == Node.TEXT_NODE)
            if resource or not any(_elements(element)):
                found[element.namespaceURI or "", element.localName] = resource or text
    return found


def only(packet: bytes, prefixes: Mapping[str, str]) -> bytes:
    """A packet with no more than the simple properties of some namespaces.

    Args:
        prefixes: of each namespace, what it is abbreviated to.
    """
    known = properties(packet).items()
    values = {
        Property(namespace, prefixes[namespace], name): value
        for (namespace, name), value in known
        if namespace in prefixes
    }
    return with_properties(None, values)


def _parsed(packet: bytes | None) -> Document | None:
    """None for what is no packet: it comes from a stranger's file."""
    if packet is None or len(packet) > _LARGEST or b"<!DOCTYPE" in packet:
        return None  # a packet declares nothing; what does may grow to any size when it is read
    try:
        text = packet.decode("utf-8").strip("\0\ufeff \t\r\n")
        document: Document = parseString(text.encode())
    except (ExpatError, UnicodeDecodeError, ValueError):
        return None
    return document if document.getElementsByTagNameNS(RDF, "RDF") else None


def _packed(document: Document) -> bytes:
    root = document.documentElement
    assert root is not None
    return f"{_HEAD}{root.toxml()}{_TAIL}".encode()


def _rdf(document: Document) -> Element:
    element: Element = document.getElementsByTagNameNS(RDF, "RDF")[0]
    return element


def _elements(parent: Element) -> Iterator[Element]:
    return (node for node in parent.childNodes if isinstance(node, Element))


def _descriptions(document: Document) -> list[Element]:
    return [element for element in _elements(_rdf(document)) if element.localName == "Description"]


def _about(document: Document) -> str:
    """What the packet is about. All descriptions of one packet name the same."""
    abouts = (element.getAttributeNS(RDF, "about") for element in _descriptions(document))
    return next((about for about in abouts if about), "")


def _remove(document: Document, namespace: str, name: str | None) -> bool:
    """Takes a property out, or all of a namespace; whether there was one."""
    removed = False

    def is_meant(node: Attr | Element) -> bool:
        return node.namespaceURI == namespace and name in (None, node.localName)

    for description in _descriptions(document):
        for attribute in filter(is_meant, list(description.attributes.values())):
            description.removeAttributeNode(attribute)
            removed = True
        for element in filter(is_meant, list(_elements(description))):
            description.removeChild(element)
            removed = True
    return removed
