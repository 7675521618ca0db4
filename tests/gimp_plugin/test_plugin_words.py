from __future__ import annotations

import pytest
import sentences
import stages
from settings import Settings

from gpen_engine.errors import GpenError
from gpen_engine.wire import Progress

NO_FACE = GpenError("no_face", "No face was found in the picture.", "Use --threshold.")


@pytest.mark.parametrize(
    ("stage", "done", "total", "words"),
    [
        ("waiting", 1, 0, "Waiting for another job…"),
        ("waiting", 3, 0, "Waiting for 3 other jobs…"),
        ("restore", 0, 7, "Restoring face 1 of 7…"),
        ("restore", 2, 7, "Restoring face 3 of 7…"),
        ("restore", 7, 7, "Restoring face 7 of 7…"),
        ("detect", 1, 4, "Looking for faces…"),
        ("enlarge", 3, 20, "Enlarging part 4 of 20…"),
        ("dreaming", 0, 0, "dreaming…"),
    ],
)
def test_stages_in_words(stage: str, done: int, total: int, words: str) -> None:
    assert stages.sentence(Progress(stage, done, total)) == words


def test_other_tasks_have_words_of_their_own() -> None:
    step = Progress("restore", 1, 3)
    assert stages.sentence(step, "colorize") == "Colorizing face 2 of 3…"
    assert stages.sentence(step, "enlarge") == "Restoring face 2 of 3…"
    assert stages.sentence(stages.BUILD, "enlarge") == "Building the image…"


def test_the_bar_never_goes_back_when_enlarging() -> None:
    stations = ("send", "load", "detect", "restore", "paste", "enlarge", "build")
    steps = [Progress(station, n, 2) for station in stations for n in range(3)]
    shown = [stages.fraction(step, "enlarge") or 0.0 for step in steps]
    assert shown == sorted(shown)
    assert shown[-1] == 1


def test_the_bar_never_goes_back() -> None:
    course = [Progress("start", 0, 0), Progress("waiting", 2, 0)]
    course += [Progress("send", n, 9) for n in range(9)] + [Progress("load", 0, 0)]
    for stage in ("detect", "restore", "paste"):
        course += [Progress(stage, n, 3) for n in range(4)]
    shown = [stages.fraction(step) for step in (*course, stages.BUILD)]
    assert shown[:2] == [None, None]
    known = [value for value in shown if value is not None]
    assert known == sorted(known)
    assert known[0] == 0
    assert known[-1] == pytest.approx(0.97)


def test_a_stage_that_is_not_known_pulses() -> None:
    assert stages.fraction(Progress("dreaming", 1, 2)) is None


def test_hints_of_the_command_line_are_not_shown() -> None:
    error = GpenError("version", "They differ.", "gpen serve --stop")
    assert "gpen serve" not in sentences.sentence(error)
    assert "Engine…" in sentences.sentence(error)


def test_other_hints_are() -> None:
    assert sentences.sentence(GpenError("x", "So it is.", "Do this.")) == "So it is. Do this."
    assert sentences.sentence(GpenError("x", "So it is.")) == "So it is."


@pytest.mark.parametrize(
    ("settings", "selected", "hint"),
    [
        (Settings(), False, 'select a face and turn on "The selection is a face"'),
        (Settings(), True, 'or turn on "The selection is a face"'),
        (Settings(fallback=True), True, "Select the whole face"),
        (Settings(detection_size="640"), False, '"Detection size" "Full size" only'),
    ],
)
def test_what_to_do_when_no_face_was_found(settings: Settings, selected: bool, hint: str) -> None:
    error = sentences.no_face(NO_FACE, settings, selected)
    assert error.code == "no_face"
    text = sentences.sentence(error)
    assert text.startswith("No face was found in the picture. ")
    assert hint in text
    assert "--" not in text
