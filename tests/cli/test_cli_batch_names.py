"""``gpen batch``: where pictures come from, and what results are called."""

from __future__ import annotations

from gpen_engine.batch.journal import NAME


def test_names_and_sources_of_other_kinds(gpen, save, face, model_file, tmp_path) -> None:
    for number in (1, 2):
        save(tmp_path / f"scan_{number:04}.png", face)
    out = tmp_path / "out"
    pattern = "{dir}/{stem}_restored.webp"
    run = ["batch", tmp_path / "scan_####.png", "-o", out, "--model", model_file, "--name", pattern]
    assert gpen(*run, "--jobs", 2, "--memory", 0.1).stdout.startswith("2 restored.")
    assert sorted(path.name for path in out.iterdir()) == [
        NAME,
        "scan_0001_restored.webp",
        "scan_0002_restored.webp",
    ]
    assert gpen(*run).stdout.startswith("2 unchanged.")
    assert "gives no name of its own" in gpen(*run[:-1], "{dir}/x.png").stderr
