"""How fast a batch is: ``python tests/batch/measure.py FACES PHOTOS [--pictures 1000]``.

Pictures are made from two folders, one of face crops and one of photographs, by mirroring and
shifting them; then they are restored one after the other as ``gpen restore`` does it (a part of
them), by ``gpen batch``, and by ``gpen batch --cluster local`` with one and with two workers. A
clip of ten seconds, in which faces of the photographs move, is restored as numbered frames in the
same ways, and as a film by ``gpen video``. At last batches are killed at three points, here and on
Ray, each with all its processes, and all results are compared bit for bit. Time counts from start
to end of the command, memory is what all its processes hold together (pages that they share count
once).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from killing import killed_at_quarters

from gpen_engine.bench.flicker import LEAST_FACE, RATE, damaged, motion
from gpen_engine.faces import Detector
from gpen_engine.faces.geometry import resample
from gpen_engine.pixels import Pixels

NAME = "gpen-report.jsonl"
LONGEST = 1024
"""Pixels of the longer side of the pictures that are made."""
SECONDS, SHOTS, SIZE, FACE = 10, 3, (640, 480), 160
"""Of the clip: its length, how many photographs move in it, width and height of a frame, and the
height of a photograph's largest face in it."""
CORES = psutil.cpu_count() or 1
TWO_WORKERS = ["--cluster", "local", "--workers", "2"]
Run = Callable[[], psutil.Popen]


@dataclass
class Result:
    name: str
    pictures: int
    seconds: float
    peak: int
    network: float
    """Core seconds in the network."""

    def row(self) -> str:
        busy = self.network / self.seconds / CORES
        speed = self.pictures / self.seconds
        return (
            f"| {self.name} | {self.pictures} | {self.seconds:.0f} | {speed:.2f}"
            f" | {self.peak / 1e9:.2f} | {busy:.0%} |"
        )


def found_in(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.suffix in (".jpg", ".png")]


def make_pictures(folders: list[Path], target: Path, count: int) -> None:
    """JPEG pictures, no two the same."""
    found = [path for folder in folders for path in found_in(folder)]
    if not found:
        sys.exit("There are no pictures in these folders.")
    random = np.random.default_rng(0)
    target.mkdir()
    for number in range(count):
        image = cv2.imread(str(found[number % len(found)]), cv2.IMREAD_COLOR)
        scale = min(1.0, LONGEST / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        x, y = random.integers(0, 16, 2)
        image = image[y:, x:] if number % 2 else image[y:, x:][:, ::-1]
        cv2.imwrite(str(target / f"{number:05}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 85])


def make_clip(photos: Path, target: Path, film: Path) -> int:
    """Numbered PNG frames and the same as H.264; gives their number."""
    shots = []
    for path in found_in(photos):
        pixels = Pixels(cv2.imread(str(path), cv2.IMREAD_COLOR)[:, :, ::-1])
        face = max(Detector().detect(pixels), key=lambda f: f.size[1], default=None)
        if face and face.size[1] >= LEAST_FACE:
            shots.append((pixels.rgb((0, 0, pixels.width, pixels.height)), face))
        if len(shots) == SHOTS:
            break
    if not shots:
        sys.exit(f"No photograph has a face of {LEAST_FACE} pixels.")
    target.mkdir()
    random, number = np.random.default_rng(0), 0
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", RATE, {"crf": "14"})
        (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
        for image, face in shots:
            scale = min(1.0, FACE / face.size[1])
            for move in motion(face.landmarks, scale, SECONDS * RATE // len(shots), SIZE):
                frame = damaged(np.clip(resample(image, move, SIZE), 0, 1), random)
                cv2.imwrite(str(target / f"frame_{number:04}.png"), frame[:, :, ::-1])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
                number += 1
        container.mux(stream.encode())
    return number


def gpen(*words: object, **more: bool) -> psutil.Popen:
    command = [sys.executable, "-m", "gpen_engine", *map(str, words), "--quiet"]
    return psutil.Popen(command, **more)


def held(process: psutil.Process) -> int:
    """Bytes that a process and its children hold: the proportional share of each."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            memory = one.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
        except psutil.Error:
            continue
    return total


def watched(process: psutil.Popen) -> tuple[float, int]:
    """Seconds until its end, and the most bytes that it held."""
    started, peak = time.perf_counter(), 0
    while process.poll() is None:
        peak = max(peak, held(process))
        time.sleep(0.5)
    return time.perf_counter() - started, peak


def in_turn(source: Path, out: Path, count: int) -> Result:
    """``gpen restore`` of some pictures, one after the other in one process, on all cores."""
    out.mkdir()
    some, report = sorted(source.iterdir())[:count], out.with_suffix(".json")
    spent = watched(gpen("restore", *some, "-o", out, "--json", report))
    told = json.loads(report.read_text())
    network = sum(entry["seconds"]["network"] for entry in told if "seconds" in entry)
    return Result("one after the other", count, *spent, network * CORES)


def in_batch(name: str, source: Path, out: Path, *words: object) -> Result:
    """``gpen batch``, one core for each picture in work."""
    spent = watched(gpen("batch", source, "-o", out, *words))
    told = [json.loads(line) for line in (out / NAME).read_text().splitlines()]
    network = sum(line["report"]["seconds"]["network"] for line in told if line["report"])
    return Result(name, len(told), *spent, network)


def as_film(source: Path, out: Path) -> Result:
    """``gpen video``, on all cores."""
    report = out.with_suffix(".json")
    spent = watched(gpen("video", source, "-o", out, "--json", report))
    (told,) = json.loads(report.read_text())
    return Result("gpen video", told["frames"], *spent, told["seconds"]["network"] * CORES)


def in_batches(source: Path, here: Path, total: int) -> None:
    """Prints the rows of all ways; then kills batches, ends them, and compares."""
    print(in_batch("gpen batch", source, here / "batch").row(), flush=True)
    for workers in (1, 2):
        name, words = f"Ray, {workers} worker{'s'[: workers - 1]}", [*TWO_WORKERS[:-1], workers]
        print(in_batch(name, source, here / f"ray-{workers}", *words).row(), flush=True)
    kills = {}
    for out, words in ((here / "killed", []), (here / "ray-killed", TWO_WORKERS)):
        command = ["batch", source, "-o", out, *words]

        def start(command: list[object] = command) -> psutil.Popen:
            return gpen(*command, start_new_session=True)

        kills[out.name] = killed_at_quarters(start, out / NAME, total)
        start().wait()
    print()
    for name, counts in kills.items():
        print(f"{name}: after {', '.join(map(str, counts))} of {total} pictures")
    for out in sorted(here.iterdir()):
        if out.is_dir() and out.name != "batch":
            equal, count = same(out, here / "batch")
            print(f"{out.name}: {equal} of {count} the same as of gpen batch, bit for bit")


def same(one: Path, other: Path) -> tuple[int, int]:
    """How many files of the first folder are the same in the second, and how many there are."""
    names = [p.name for p in one.iterdir() if p.name != NAME]
    equal = [
        (other / n).exists() and (one / n).read_bytes() == (other / n).read_bytes() for n in names
    ]
    return sum(equal), len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs=2, type=Path, metavar="FOLDER")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--only", choices=["pictures", "clip"])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for part in [chosen.only] if chosen.only else ["pictures", "clip"]:
            here, source = Path(name) / part, Path(name) / f"{part}-in"
            here.mkdir()
            if part == "pictures":
                make_pictures(chosen.folders, source, total := chosen.pictures)
            else:
                film = Path(name) / "clip.mp4"
                total = make_clip(chosen.folders[1], source, film)
            print(f"\n| {part} | number | seconds | a second | peak memory, GB | network busy |")
            print("|---|---|---|---|---|---|", flush=True)
            if part == "pictures":
                print(in_turn(source, here / "turn", max(1, total // 10)).row(), flush=True)
            else:
                print(as_film(film, Path(name) / "restored.mp4").row(), flush=True)
            in_batches(source, here, total)


if __name__ == "__main__":
    main()
