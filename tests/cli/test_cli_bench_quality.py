"""``gpen bench --quality``."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest


@pytest.fixture
def faces(tmp_path, face):
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("a", "b"):
        assert cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(face[:, :, ::-1]))
    return folder


def test_numbers_table_and_sheet(gpen, faces, model_file, tmp_path) -> None:
    report, sheet = tmp_path / "quality.json", tmp_path / "sheet.jpg"
    few = ("--faces", 1, "--damages", "blur,motion", "--strengths", "0.5,0.8")
    files = ("--json", report, "--sheet", sheet, "--model", model_file, "--device", "cpu")
    result = gpen("bench", "--quality", faces, *few, *files)
    assert result.exit_code == 0, result.output
    found = json.loads(report.read_text())
    assert list(found["damages"]) == ["blur", "motion"]
    assert found["settings"]["strengths"] == [0.5, 0.8]
    assert found["faces"] == 1
    assert str(tmp_path) not in report.read_text()
    assert "| motion | restored 0.8" in result.stdout
    assert cv2.imread(str(sheet)) is not None


def test_json_alone_on_stdout(gpen, faces, model_file) -> None:
    few = ("--faces", 1, "--damages", "blur", "--strengths", 1, "--model", model_file)
    result = gpen("bench", "--quality", faces, *few, "--json", "-", "--quiet")
    assert json.loads(result.stdout)["mean_of"] == ["blur"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--damages", "rain"), "rain"),
        (("--strengths", "2"), "--strengths"),
        (("--strengths", "nan"), "--strengths"),
        (("--strengths", "much"), "--strengths"),
        (("--sizes", "256"), "--sizes"),
        (("--quick",), "--quick"),
        (("--only", "start"), "--only"),
        (("--model", "GPEN-BFR-4096"), "GPEN-BFR-4096"),
    ],
)
def test_what_does_not_go_is_said(gpen, faces, words, said) -> None:
    result = gpen("bench", "--quality", faces, *words)
    assert result.exit_code == 1
    assert said in result.stderr


def test_what_needs_a_folder_is_said(gpen, tmp_path) -> None:
    result = gpen("bench", "--sheet", tmp_path / "sheet.jpg")
    assert result.exit_code == 1
    assert "--quality FOLDER" in result.stderr
    result = gpen("bench", "--quality", tmp_path)
    assert result.exit_code == 1
    assert "No pictures were found" in result.stderr
    wide = tmp_path / "wide.png"
    assert cv2.imwrite(str(wide), np.zeros((8, 16, 3), np.uint8))
    result = gpen("bench", "--quality", tmp_path)
    assert result.exit_code == 1
    assert "not square" in result.stderr


@pytest.mark.parametrize("name", ["sheet.txt", "nowhere/sheet.jpg"])
def test_a_sheet_that_cannot_be_is_said_before_the_work(gpen, faces, tmp_path, name) -> None:
    report = tmp_path / "report.json"
    result = gpen("bench", "--quality", faces, "--sheet", tmp_path / name, "--json", report)
    assert result.exit_code == 1
    assert name.split("/")[0] in result.stderr
    assert not report.exists()


def test_numbers_that_cannot_be_kept_are_said_before_the_work(gpen, faces, tmp_path) -> None:
    result = gpen("bench", "--quality", faces, "--json", tmp_path / "nowhere" / "report.json")
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
