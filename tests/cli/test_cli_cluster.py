"""``gpen batch --cluster``: on a real Ray on the loopback, with two workers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest

from gpen_engine.batch import cluster
from gpen_engine.batch.cluster import LOCAL, Pool, _File, connected
from gpen_engine.batch.journal import NAME, Journal
from gpen_engine.batch.run import Run
from gpen_engine.batch.work import Finished
from gpen_engine.errors import GpenError

pytestmark = [
    # Looked for, not imported: where Ray listens it settles when it is imported.
    pytest.mark.skipif(not find_spec("ray"), reason="the extra 'cluster' is not installed"),
    pytest.mark.slow,
    pytest.mark.apart,  # Ray gives up a start after half a minute
    pytest.mark.skipif(os.name == "nt", reason="Ray for Windows is not tried"),
]
POOL = Pool(workers=2)
ON_CLUSTER = ["--cluster", LOCAL, "--workers", POOL.workers]


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    with connected(LOCAL, POOL):
        yield


def test_it_listens_on_the_loopback_only(ray_here) -> None:
    ours = psutil.Process().children(recursive=True)
    servers = [p for p in ours if any(n in p.name() for n in ("raylet", "gcs_server"))]
    assert len(servers) == 2
    for server in servers:
        listening = [c for c in server.net_connections("inet") if c.status == "LISTEN"]
        assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}


@pytest.fixture
def photos(save, face, tmp_path: Path) -> Path:
    """Sixteen pictures with a face, no two the same."""
    for number in range(16):
        save(tmp_path / "photos" / f"{number:02}.png", np.roll(face, number, axis=0))
    return tmp_path / "photos"


def results(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != NAME
    }


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def after(count: int, do: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Does something when so many results were put in their places."""
    put, done = Run.put_in_place, []

    def put_and_do(self: Run, finished: Finished) -> object:
        line = put(self, finished)
        done.append(line)
        if len(done) == count:
            do()
        return line

    monkeypatch.setattr(Run, "put_in_place", put_and_do)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_two_workers_give_the_bytes_of_one_machine(
    gpen, ray_here, photos, blank, save, model_file, tmp_path
) -> None:
    save(photos / "deep" / "blank.png", blank)
    (photos / "bad.png").write_bytes(b"no picture")
    run = ["batch", photos.as_uri(), "--model", model_file, "--copy-others", "-o"]
    here = gpen(*run, tmp_path / "here")
    there = gpen(*run, (tmp_path / "there").as_uri(), *ON_CLUSTER)
    assert there.exit_code == here.exit_code == 1
    assert there.stderr == here.stderr
    assert there.stdout.startswith("16 restored, 1 without a face, 1 failed.")
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert len(results(tmp_path / "there")) == 17
    reports = [{line["path"]: line for line in lines(tmp_path / n)} for n in ("here", "there")]
    for path, line in reports[0].items():
        other = reports[1][path]
        assert (other["status"], other["error"]) == (line["status"], line["error"])
        if line["report"]:
            for name in ("faces", "model", "sha256", "target_sha256"):
                assert other["report"][name] == line["report"][name]
    # The journal is the same, so either goes on where the other stopped.
    (photos / "bad.png").unlink()
    assert gpen(*run, tmp_path / "there").stdout.startswith("17 unchanged.")


def test_workers_do_other_tasks_too(
    gpen, ray_here, photos, model_file, upscaler_file, tmp_path
) -> None:
    words = ["--task", "enlarge", "--upscaler", upscaler_file(2), "--model", model_file]
    few = sorted(photos.iterdir())[:2]
    for name, more in (("here", []), ("there", ON_CLUSTER)):
        result = gpen("batch", *few, "-o", tmp_path / name, *words, *more)
        assert result.stdout.startswith("2 restored."), result.output
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert gpen("batch", *few, "-o", tmp_path / "there", *words).stdout.startswith("2 unchanged.")


def test_a_killed_worker_loses_nothing_and_does_nothing_twice(
    gpen, ray_here, photos, model_file, tmp_path, monkeypatch
) -> None:
    def kill_one() -> None:
        ours = psutil.Process().children(recursive=True)
        workers = [p for p in ours if "MapWorker" in "".join(p.cmdline())]
        assert 1 <= len(workers) <= 2
        workers[0].kill()

    monkeypatch.setattr(cluster, "BLOCK", 2)  # so that there is much left to do
    after(1, kill_one, monkeypatch)
    out = tmp_path / "out"
    result = gpen("batch", photos, "-o", out, "--model", model_file, *ON_CLUSTER)
    assert result.exit_code == 0, result.output
    assert "16 restored. Report:" in result.stdout  # below what Ray says of the dead worker
    assert sorted(line["path"] for line in lines(out)) == sorted(results(out))
    assert len(results(out)) == 16


def test_cancelled_it_goes_on_later(
    gpen, ray_here, photos, model_file, tmp_path, monkeypatch
) -> None:
    run = ["batch", photos, "-o", tmp_path / "out", "--model", model_file]
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "BLOCK", 2)
        after(3, interrupt, patch)
        result = gpen(*run, *ON_CLUSTER)
    assert (result.exit_code, result.stderr) == (130, "Stopped.\n")
    assert len(results(tmp_path / "out")) == 3
    assert gpen(*run).stdout.startswith("13 restored, 3 unchanged.")
    assert len(results(tmp_path / "out")) == 16


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for a few pictures."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    try:
        done = subprocess.run(mounted, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        done = False
    if not done:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_stops_it_with_a_sentence(
    gpen, ray_here, photos, model_file, small_disk
) -> None:
    out = small_disk / "out"
    result = gpen("batch", photos, "-o", out, "--model", model_file, *ON_CLUSTER)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: There is no room left in {out}.")
    assert 0 < len(results(out)) < 16
    # Its last line may have found no room either; the next run takes it off.
    assert {line.path for line in Journal(out).lines.values()} >= set(results(out))
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert gpen("batch", photos, "-o", out, "--model", model_file).exit_code == 0
    assert len(results(out)) == 16


def test_weights_that_arrive_damaged_are_not_used(ray_here, tmp_path) -> None:
    (tmp_path / "a.bin").write_bytes(b"weights")
    file = _File.of(tmp_path / "a.bin")
    assert file
    (tmp_path / "there").mkdir()
    assert file.placed(tmp_path / "there").read_bytes() == b"weights"
    with pytest.raises(GpenError) as caught:
        replace(file, sha256="0" * 64).placed(tmp_path / "there")
    assert caught.value.code == "checksum"


def test_a_process_own_memory_is_refused(gpen, ray_here, photos, model_file, tmp_path) -> None:
    run = ["batch", photos, "--model", model_file, "--journal", tmp_path, *ON_CLUSTER]
    result = gpen(*run, "-o", "memory://out")
    assert result.exit_code == 1
    assert "cannot be reached by workers" in result.stderr
