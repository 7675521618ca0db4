"""What is remembered about the weights files on this machine: their sums, and accepted terms."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

from ..errors import GpenError
from ..files import replacing
from .part import writing

SUMS, TERMS = "sums.json", "terms.json"


class Records:
    """Two small files beside the weights.

    Args:
        folder: that of the weights; made when something is to be remembered.

    Raises:
        GpenError: every method, ``bad_records`` when a file is damaged, ``cannot_write``,
            ``disk_full``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sum_of(self, file: Path) -> str | None:
        """SHA-256 that the file had when it came here; None when nobody looked."""
        entry = self._read(SUMS).get(file.name)
        return str(entry["sha256"]) if isinstance(entry, dict) and "sha256" in entry else None

    def keep_sum(self, file: Path, sha256: str, source: str) -> None:
        """Remembers the sum and where the file came from."""
        entry = {"sha256": sha256, "source": source, "date": time.strftime("%Y-%m-%d")}
        self._write(SUMS, {**self._read(SUMS), file.name: entry})

    def forget_sum(self, file: Path) -> None:
        sums = self._read(SUMS)
        if sums.pop(file.name, None) is not None:
            self._write(SUMS, sums)

    def accepted(self, terms: str) -> bool:
        return terms in self._read(TERMS)

    def accept(self, terms: str) -> None:
        """Remembers that the user agreed to these very words, and when."""
        self._write(TERMS, {**self._read(TERMS), terms: time.strftime("%Y-%m-%d")})

    def _read(self, name: str) -> dict[str, object]:
        path = self.folder / name
        try:
            with writing(path):
                if not path.exists():
                    return {}
                text = path.read_bytes()
            content = json.loads(text)
            if isinstance(content, dict):
                return content
        except ValueError:
            pass  # no JSON is as bad as JSON of another kind
        raise GpenError(
            "bad_records",
            f"The file {path} is damaged.",
            "Delete it; it only remembers sums of files and terms that you accepted.",
        )

    def _write(self, name: str, content: dict[str, object]) -> None:
        path = self.folder / name
        with writing(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                text = json.dumps(content, indent=1, ensure_ascii=False)
                temporary.write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Raises GpenError: ``cannot_read``."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise GpenError(
            "cannot_read",
            f"The file {path} cannot be read: {error.strerror or error}.",
            "Check that it exists and that you may read it.",
        ) from error
