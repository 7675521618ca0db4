"""What a batch is told to restore, and what results are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine.batch.naming import MIRRORED, check_pattern, named
from gpen_engine.batch.sources import find_items
from gpen_engine.errors import GpenError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ["a.png", "deep/b.tif", "deep/er/c.JPG", "notes.txt", ".hidden/d.png", "out/a.png"]
    names += [f"film/scan_{n:04}.png" for n in (9, 10, 11)] + ["film/scan_1.png", "film/x.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*sources: str, output: str = "out", pattern: str = MIRRORED) -> list[tuple[str, str]]:
    return [(i.source, i.path) for i in find_items(sources, output, pattern)]


def test_files_keep_their_names_and_order(here: Path) -> None:
    assert found("deep/b.tif", "a.png") == [("deep/b.tif", "b.tif"), ("a.png", "a.png")]


def test_a_folder_is_mirrored_without_results_and_hidden_ones(here: Path) -> None:
    paths = [path for _, path in found(str(here), output=str(here / "out"))]
    assert paths == [paths[0], *sorted(paths[1:])]
    assert set(paths) == {
        "a.png",
        "deep/b.tif",
        "deep/er/c.JPG",
        *(f"film/{p.name}" for p in (here / "film").iterdir()),
    }


def test_a_pattern_keeps_the_folders_below_its_fixed_part(here: Path) -> None:
    assert found("deep/**/*.*") == [("deep/b.tif", "b.tif"), ("deep/er/c.JPG", "er/c.JPG")]
    assert found("**/*.png", output=str(here / "out"))[0] == ("a.png", "a.png")
    assert ".hidden/d.png" not in [source for source, _ in found("**/*.png")]
    assert "out/a.png" not in [source for source, _ in found("**/*.png")]


@pytest.mark.parametrize("numbered", ["film/scan_%04d.png", "film/scan_####.png"])
def test_numbered_frames_come_in_their_order(here: Path, numbered: str) -> None:
    assert [path for _, path in found(numbered)] == [
        "scan_0009.png",
        "scan_0010.png",
        "scan_0011.png",
    ]
    assert found("film/scan_%d.png")[0] == ("film/scan_1.png", "scan_1.png")


def test_a_list_names_sources_of_any_kind(here: Path) -> None:
    (here / "list.txt").write_text("a.png\n\ndeep\n", encoding="utf-8")
    assert [path for _, path in found("@list.txt")] == ["a.png", "b.tif", "er/c.JPG"]


def test_addresses_are_searched_like_folders(here: Path) -> None:
    expected = found("deep")
    assert [path for _, path in found((here / "deep").as_uri())] == [p for _, p in expected]
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in ("x/a.png", "x/deep/b.jpg", "x/.c.png", "x/n.txt"):
        memory.pipe(f"/sources/{name}", b"")
    assert found("memory://sources/x") == [
        ("memory://sources/x/a.png", "a.png"),
        ("memory://sources/x/deep/b.jpg", "deep/b.jpg"),
    ]
    assert found("memory://sources/x/*.png") == [("memory://sources/x/a.png", "a.png")]
    assert found("memory://sources/x/a.png") == [("memory://sources/x/a.png", "a.png")]
    memory.rm("/sources", recursive=True)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("none", "bad_option"),
        ("@none.txt", "bad_option"),
        ("memory://none", "bad_option"),
        ("nosuchprotocol://x", "bad_option"),
        ("deep/*.webp", "no_pictures"),
        ("film/none_####.png", "no_pictures"),
    ],
)
def test_what_is_not_there_is_said(here: Path, source: str, code: str) -> None:
    with pytest.raises(GpenError) as caught:
        found(source)
    assert caught.value.code == code


def test_two_of_one_name_and_results_upon_pictures_are_refused(here: Path) -> None:
    for sources, output in ((["a.png", "out/a.png"], "new"), (["a.png"], "."), (["deep"], ".")):
        with pytest.raises(GpenError) as caught:
            found(*sources, output=output)
        assert caught.value.code == "bad_option"
    assert found("a.png", "a.png", output="new") == [("a.png", "a.png")]
    assert found("a.png", output=".", pattern="{stem}_restored{suffix}")


def test_names_follow_a_pattern() -> None:
    assert named("a/b.c.tif", MIRRORED) == "a/b.c.tif"
    assert named("b.tif", MIRRORED) == "b.tif"
    assert named("a/b.tif", "{dir}/{stem}_restored.png") == "a/b_restored.png"
    assert named("a/b.tif", "all/{stem}{suffix}") == "all/b.tif"


@pytest.mark.parametrize(
    "pattern",
    ["{stem", "{name}{suffix}", "../{stem}.png", "/x/{stem}.png", "x.png", "{stem}.bmp", "{0}.png"],
)
def test_patterns_that_cannot_be_followed_are_refused(pattern: str) -> None:
    with pytest.raises(GpenError) as caught:
        check_pattern(pattern, {".png", ".tif"})
    assert caught.value.code == "bad_option"
