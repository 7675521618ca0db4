"""A whole run of the quality bench: what it reports and what it draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from quality_faces import write_faces

from gpen_engine import GpenError, Restorer
from gpen_engine.quality.run import MEASURES, Case, Settings, Truths, mean, measure, summary
from gpen_engine.quality.sheet import LINE, SIDE, badness, write_sheet
from gpen_engine.quality.tables import text

CHOSEN = {"classes": ("lowres64", "noise", "oldphoto"), "strengths": (0.5, 1.0)}
CONTENDERS = ["input", "classical", "restored 0.5", "restored 1"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(write_faces(tmp_path_factory.mktemp("faces") / "val", 3), faces=2, **CHOSEN)


@pytest.fixture(scope="module")
def ran(restorer: Restorer, settings: Settings):
    return measure(restorer, settings)


def test_every_contender_meets_every_measure(ran, restorer: Restorer) -> None:
    cases, found = ran
    assert [(case.damage, case.file) for case in cases] == [
        (damage, file) for damage in CHOSEN["classes"] for file in ("000.png", "001.png")
    ]
    for scores in [case.scores for case in cases] + [*found["damages"].values(), found["mean"]]:
        assert list(scores) == CONTENDERS
        assert all(set(row) == set(MEASURES) for row in scores.values())
    assert found["mean_of"] == ["lowres64", "noise"]
    assert found["model"] == {"name": restorer.model.name, "sha256": None, "size": 64}
    assert found["settings"]["folder"] == "val"  # nothing of where it lies
    rows = found["damages"]
    assert rows["lowres64"]["input"]["sharpness"] < 0.5 < 2 < rows["noise"]["input"]["sharpness"]
    assert rows["noise"]["classical"]["psnr"] > rows["noise"]["input"]["psnr"] + 3
    assert rows["lowres64"]["input"]["not_found"] == 0
    assert all(row["input"]["changed"] == 0 for row in rows.values())  # it is what it was
    assert 0 < rows["lowres64"]["input"]["landmarks"] < 0.1


def test_the_guard_counts_faces_that_became_others(
    restorer: Restorer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(settings, classes=("blur",), strengths=(1.0,))
    monkeypatch.setattr(
        "gpen_engine.quality.run.contenders",
        lambda image, *_: {"input": image, "restored 1": image[::-1]},
    )
    rows = measure(restorer, few)[1]["damages"]["blur"]
    assert (rows["input"]["changed"], rows["restored 1"]["changed"]) == (0, 1)


def test_the_same_settings_give_the_same_numbers(
    ran, restorer: Restorer, settings: Settings
) -> None:
    _, again = measure(restorer, replace(settings, classes=("noise",)))
    assert again["damages"]["noise"] == ran[1]["damages"]["noise"]


def test_progress_counts_up_to_all(restorer: Restorer, settings: Settings) -> None:
    told: list[tuple[str, int, int]] = []
    few = replace(settings, classes=("blur", "jpeg"), strengths=(1.0,))
    measure(restorer, few, lambda *what: told.append(what))
    assert told == [("blur", 0, 4), ("blur", 1, 4), ("jpeg", 2, 4), ("jpeg", 3, 4)]


def test_the_report_reads_as_tables(ran) -> None:
    words = text(ran[1])
    lines = [line for line in words.splitlines() if line.startswith("|")]
    assert sum("restored 1 " in line for line in lines) == 4  # the damages, and the mean
    assert sum("restored 0.5" in line for line in lines) == 1
    psnr = ran[1]["damages"]["noise"]["input"]["psnr"]
    assert any("noise" in line and f"{psnr:.2f}" in line for line in lines)
    assert "Mean of lowres64, noise" in words


def test_the_sheet_has_a_row_for_each_damage_with_the_worst_first(
    ran, restorer: Restorer, settings: Settings, tmp_path: Path
) -> None:
    cases, _ = ran
    target = tmp_path / "sheet.png"
    write_sheet(target, cases, restorer, settings)
    sheet = cv2.imread(str(target))
    assert sheet is not None
    assert sheet.shape == (LINE + 3 * (LINE + SIDE), 8 * SIDE + 8, 3)
    worst = max(cases, key=lambda case: badness(case, "restored 1"))
    truth = Truths(settings)[settings.folder / worst.file]
    if worst.damage != "oldphoto":
        shown = sheet[2 * LINE : 2 * LINE + SIDE, 3 * SIDE : 4 * SIDE, ::-1]
        small = cv2.resize(truth, (SIDE, SIDE), interpolation=cv2.INTER_AREA) * 255
        assert abs(shown - small).max() < 1


def test_a_lost_face_is_worse_than_a_bent_one() -> None:
    def case(landmarks: float | None, not_found: float) -> Case:
        return Case("", "", {"x": {"landmarks": landmarks, "not_found": not_found}})

    order = [case(0.02, 0), case(0.4, 0), case(None, 1), case(0.1, 1)]
    assert sorted(order, key=lambda c: badness(c, "x")) == order


def test_medians_and_means_and_classes_by_the_same_weight() -> None:
    row = dict.fromkeys(MEASURES, 1.0)
    few = [Case("", "", {"x": row | {"psnr": v, "sharpness": v}}) for v in (1.0, 2.0, 9.0)]
    few[0].scores["x"] |= {"landmarks": None}
    few[1].scores["x"] |= {"landmarks": 3.0}
    found = summary(few)["x"]
    assert (found["psnr"], found["sharpness"], found["landmarks"]) == (4, 2, 3)
    few[1].scores["x"] |= {"landmarks": None}  # most have none
    assert summary(few)["x"]["landmarks"] is None
    other = {"x": found | {"psnr": 10.0, "landmarks": None}}
    both = mean([{"x": found}, other])["x"]
    assert (both["psnr"], both["landmarks"]) == (7, 3)


def test_faces_are_spread_over_the_folder(tmp_path: Path) -> None:
    folder = write_faces(tmp_path / "val", 5)
    assert [f.name for f in Truths(Settings(folder, faces=2)).files] == ["000.png", "002.png"]
    assert len(Truths(Settings(folder, faces=99)).files) == len(Truths(Settings(folder)).files) == 5
    with pytest.raises(GpenError, match="No pictures"):
        Truths(Settings(tmp_path))


def test_the_strength_that_is_shown_is_the_default_or_the_highest() -> None:
    assert Settings(Path(), strengths=(0.2, 0.4)).shown == 0.4
    assert Settings(Path(), strengths=(0.4, 1.0)).shown in (0.4, 1.0)
    from gpen_engine import RestoreOptions

    assert Settings(Path(), strengths=(0, RestoreOptions().strength, 1)).shown == (
        RestoreOptions().strength
    )
