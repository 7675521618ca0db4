"""The journal of a batch."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from gpen_engine.batch.journal import NAME, Journal, Line
from gpen_engine.batch.storage import stamp

LINE = Line("a/b.png", "/photos/a/b.png", (10, 20), "digest", "done", 1.5, (30, 40))


def test_lines_come_back_and_the_last_of_a_path_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    later = replace(LINE, status="error", output_stamp=None, error={"code": "x"})
    other = replace(LINE, path="c.png", report={"faces": []})
    for line in (LINE, other, later):
        journal.append(line)
    assert journal.lines == {"a/b.png": later, "c.png": replace(other, report=None)}
    assert Journal(tmp_path).lines == journal.lines
    text = (tmp_path / NAME).read_text().splitlines()
    assert [json.loads(line)["path"] for line in text] == ["a/b.png", "c.png", "a/b.png"]


def test_every_length_of_a_torn_line_is_mended(tmp_path: Path) -> None:
    first, second = (
        json.dumps(asdict(line)) + "\n" for line in (LINE, replace(LINE, path="c.png"))
    )
    for cut in range(len(second)):
        (tmp_path / NAME).write_text(first + second[:cut])
        journal = Journal(tmp_path)
        assert journal.lines == {"a/b.png": LINE}, cut
        assert (tmp_path / NAME).read_text() == first
    journal.append(replace(LINE, path="c.png"))
    assert (tmp_path / NAME).read_text() == first + second


def test_what_is_no_line_is_left_out(tmp_path: Path) -> None:
    good = json.dumps(asdict(LINE))
    wrong = json.dumps(asdict(LINE) | {"path": "x", "source_stamp": 7})
    noise = "\n".join(["null", "[]", '{"path": "x"}', wrong, "\x00\x00", '"', ""])
    (tmp_path / NAME).write_text(f"{noise}\n{good}\n")
    assert Journal(tmp_path).lines == {"a/b.png": LINE}


def test_a_file_is_ours_while_nobody_changed_it(tmp_path: Path) -> None:
    output = tmp_path / "b.png"
    journal = Journal(tmp_path)
    assert stamp(output) is None
    assert not journal.is_ours(LINE.path, LINE.source, stamp(output))
    output.write_bytes(b"restored")
    written = replace(LINE, output_stamp=stamp(output))
    journal.append(written)
    journal.append(replace(LINE, status="error", output_stamp=None))  # failed later
    for book in (journal, Journal(tmp_path)):
        assert book.is_ours(LINE.path, LINE.source, stamp(output))
        assert not book.is_ours(LINE.path, "/other/a/b.png", stamp(output))
    output.write_bytes(b"edited by hand")
    assert not journal.is_ours(LINE.path, LINE.source, stamp(output))


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    line = replace(LINE, path="caf\udce9.png")  # Latin-1 bytes in a file name on Linux
    Journal(tmp_path).append(line)
    assert Journal(tmp_path).lines == {line.path: line}
