"""The last troubles in the logs."""

from __future__ import annotations

from examining import look

from gpen_engine.doctor.log import TAIL, last_troubles, log
from gpen_engine.wire import EngineHome

CRASH = """\
2026-11-02 10:00:00,001 INFO engine 0.1.0
2026-11-02 10:00:01,001 WARNING a client could not be let in: full
2026-11-02 10:00:02,001 ERROR unexpected
Traceback (most recent call last):
  File "/home/x/worker.py", line 3, in work
MemoryError: no room for WARNING

2026-11-02 10:00:03,001 INFO ended after 3 s: WARNING is only a word here
"""


def test_no_trouble(engine_home: EngineHome) -> None:
    assert [(found.mark, found.name) for found in look(log)] == [("ok", "Log")]
    engine_home.make()
    (engine_home.logs / "engine.log").write_text(CRASH.splitlines()[0])
    assert [found.mark for found in look(log)] == ["ok"]


def test_a_crash_is_one_line_with_its_cause(engine_home: EngineHome) -> None:
    engine_home.make()
    (engine_home.logs / "engine.log").write_text(CRASH)
    plug_in = "2026-11-02 10:00:00,001 77 ERROR The image old.png was closed\n"
    (engine_home.logs / "plug-in.log").write_text(plug_in)
    assert [(found.mark, found.sentence) for found in look(log)] == [
        (
            "note",
            "engine.log: 2026-11-02 10:00:01,001 WARNING a client could not be let in: full",
        ),
        (
            "note",
            "engine.log: 2026-11-02 10:00:02,001 ERROR unexpected"
            " (MemoryError: no room for WARNING)",
        ),
        ("note", "plug-in.log: (a line that names a picture)"),
    ]


def test_only_the_end_of_a_long_log_counts(engine_home: EngineHome) -> None:
    engine_home.make()
    path = engine_home.logs / "engine.log"
    path.write_text(CRASH + "2026-11-02 10:00:04,001 INFO fine\n" * (TAIL // 30))
    assert last_troubles(path) == []
    lines = [f"2026-11-02 10:00:0{second},001 ERROR {second}\n" for second in range(6)]
    path.write_text("".join(lines))
    assert [line[-1] for line in last_troubles(path)] == ["3", "4", "5"]
