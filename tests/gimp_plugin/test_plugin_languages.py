"""The plug-in in other languages than English."""

from __future__ import annotations

import ast
import gettext
import string
from pathlib import Path

import catalogues
import pytest
import translate
from babel.messages.catalog import Message

SOURCES = catalogues.sources()
LANGUAGES = [source.parts[-3] for source in SOURCES]


def _texts(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (str(text),)


def _fields(text: str) -> set[str | None]:
    return {field for _, field, *_ in string.Formatter().parse(text) if field is not None}


def _in(languages: list[str], monkeypatch: pytest.MonkeyPatch) -> gettext.NullTranslations:
    monkeypatch.setattr(translate.GLib, "get_language_names", lambda: languages)
    return translate.catalogue()


def test_the_template_has_what_the_code_says() -> None:
    with catalogues.TEMPLATE.open("rb") as file:
        known = {message.id for message in catalogues.read_po(file)}
    assert known == {message.id for message in catalogues.extracted()}


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_a_catalogue_has_all_texts_and_no_others(source: Path) -> None:
    catalogue = catalogues.read(source)
    said = {message.id for message in catalogues.extracted()}
    assert {message.id for message in catalogue} == said
    assert not catalogue.obsolete
    assert [m.id for m in catalogue if m.id and not all(_texts(m.string))] == []
    assert [m.id for m in catalogue if m.id and m.fuzzy] == []


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_translations_have_the_fields_and_keys_of_their_texts(source: Path) -> None:
    def differs(message: Message) -> bool:
        fields = set().union(*map(_fields, _texts(message.id)))
        keys = _texts(message.id)[0].count("_")
        return any(
            not _fields(text) <= fields or text.count("_") != keys
            for text in _texts(message.string)
        )

    assert [m.id for m in catalogues.read(source) if m.id and differs(m)] == []


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_what_gettext_reads_is_what_was_translated(source: Path) -> None:
    with source.with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    for message in catalogues.read(source):
        texts = _texts(message.id)
        if len(texts) == 2:
            assert [read.ngettext(*texts, n) for n in (1, 2)] == [*_texts(message.string)]
        elif message.id:
            assert read.gettext(message.id) == message.string


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        (["de_DE.UTF-8", "de_DE", "de", "C"], "Modell _"),
        (["fr", "de", "C"], "Modell _"),
        (["fr", "C"], "Model _"),
        (["en_GB", "en", "de", "C"], "Model _"),
        (["C"], "Model _"),
    ],
)
def test_the_first_language_that_there_is_speaks(
    languages: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = _in(languages, monkeypatch).gettext("_Model")
    assert f"{spoken.replace('_', '')} _" == said


def test_german_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    german = _in(["de"], monkeypatch)
    forms = "Waiting for another job…", "Waiting for {n} other jobs…"
    assert [german.ngettext(*forms, n).format(n=n) for n in (1, 3)] == [
        "Warten auf einen anderen Auftrag …",
        "Warten auf 3 andere Aufträge …",
    ]


def _bound(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    """The names that are the function's own, those of functions inside it left out."""
    names = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    nodes: list[ast.AST] = [*ast.iter_child_nodes(function)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return names


def test_no_function_that_translates_calls_something_else_so() -> None:
    """``_`` would be that then, which only shows when the text is to be said."""
    wrong = []
    for path in catalogues.PLUGIN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.Lambda)):
                calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
                translates = any(isinstance(f, ast.Name) and f.id == "_" for f in calls)
                if translates and "_" in _bound(node):
                    wrong.append((path.name, node.lineno))
    assert wrong == []
