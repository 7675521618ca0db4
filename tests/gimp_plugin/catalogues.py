"""The plug-in's catalogues: what the code says, and what was translated of it.

After a text of the plug-in was changed, ``python tests/gimp_plugin/catalogues.py`` brings the
template and all catalogues up to date; what is new in them is then to be translated, and the
command run once more. A new language begins with ``msginit`` or a copy of the template.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PLUGIN = Path(__file__).resolve().parents[2] / "gimp_plugin" / "gpen_restore"
DOMAIN = "gpen_restore"
TEMPLATE = PLUGIN / "locale" / f"{DOMAIN}.pot"
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""So that the same texts give the same files."""


def sources() -> list[Path]:
    """The translated texts, one file for each language."""
    return sorted(PLUGIN.glob(f"locale/*/LC_MESSAGES/{DOMAIN}.po"))


def extracted() -> Catalog:
    """Every text that the plug-in's code marks."""
    catalogue = Catalog(
        project="GPEN",
        version="for GIMP",
        msgid_bugs_address="",
        copyright_holder="The GPEN for GIMP authors",
        creation_date=NEVER,
        header_comment="# The words of the plug-in GPEN for GIMP. Its licence is that of the code.",
    )
    found = extract_from_dir(PLUGIN, [("*.py", "python")])
    for file, line, text, comments, _context in sorted(found, key=lambda message: message[:2]):
        catalogue.add(text, locations=[(file, line)], auto_comments=comments)
    return catalogue


def read(source: Path) -> Catalog:
    """A catalogue as translators write it. Raises babel's PoFileError where it is broken."""
    with source.open("rb") as file:
        return read_po(file, locale=source.parts[-3], domain=DOMAIN, abort_invalid=True)


def text_of(catalogue: Catalog) -> bytes:
    """What a file for translators holds."""
    out = io.BytesIO()
    write_po(out, catalogue, width=99, no_location=True, ignore_obsolete=True)
    return out.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """What gettext reads."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def update() -> None:
    """Writes the template, and every catalogue anew: texts that are new in it are empty, those
    that are not used any more are gone, and none is guessed."""
    template = extracted()
    TEMPLATE.write_bytes(text_of(template))
    for source in sources():
        catalogue = read(source)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.creation_date = catalogue.revision_date = NEVER
        source.write_bytes(text_of(catalogue))
        source.with_suffix(".mo").write_bytes(compiled(catalogue))
        left = sum(1 for message in catalogue if message.id and not all(_texts(message.string)))
        print(f"{source.relative_to(PLUGIN)}: {left} left to translate")


def _texts(translation: object) -> tuple[str, ...]:
    return translation if isinstance(translation, tuple) else (str(translation or ""),)


if __name__ == "__main__":
    update()
