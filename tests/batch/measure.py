"""How fast a batch is: ``python tests/batch/measure.py FACES PHOTOS [--pictures 1000]``.

Pictures are made from two folders, one of face crops and one of photographs, by mirroring and
shifting them; then they are restored one after the other as ``gpen restore`` does it (a part of
them), by ``gpen batch``, and by ``gpen batch --cluster local`` with one and with two workers. At
last a batch is killed at three points, and its results are compared with those of the others bit
for bit. Time counts from start to end of the command, memory is what all its processes hold
together (pages that they share count once).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil

NAME = "gpen-report.jsonl"
LONGEST = 1024
"""Pixels of the longer side of the pictures that are made."""


@dataclass
class Result:
    name: str
    pictures: int
    seconds: float
    peak: int
    network: float
    cores: int

    def row(self) -> str:
        busy = self.network / self.seconds / self.cores
        speed = self.pictures / self.seconds
        return (
            f"| {self.name} | {self.pictures} | {self.seconds:.0f} | {speed:.2f}"
            f" | {self.peak / 1e9:.2f} | {busy:.0%} |"
        )


def make(folders: list[Path], target: Path, count: int) -> None:
    """JPEG pictures, no two the same."""
    found = [p for f in folders for p in sorted(f.rglob("*")) if p.suffix in (".jpg", ".png")]
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


def gpen(*words: object) -> psutil.Popen:
    return psutil.Popen([sys.executable, "-m", "gpen_engine", *map(str, words), "--quiet"])


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


def measured(name: str, source: Path, out: Path, *words: object) -> Result:
    """Runs a batch to its end."""
    started, peak = time.perf_counter(), 0
    process = gpen("batch", source, "-o", out, *words)
    while process.poll() is None:
        peak = max(peak, held(process))
        time.sleep(0.5)
    seconds = time.perf_counter() - started
    told = [json.loads(line) for line in (out / NAME).read_text().splitlines()]
    network = sum(line["report"]["seconds"]["network"] for line in told if line["report"])
    return Result(name, len(told), seconds, peak, network, psutil.cpu_count() or 1)


def in_turn(source: Path, out: Path, count: int) -> Result:
    """``gpen restore`` of some pictures, one after the other in one process."""
    out.mkdir()
    some = sorted(source.iterdir())[:count]
    started, peak, report = time.perf_counter(), 0, out.with_suffix(".json")
    process = gpen("restore", *some, "-o", out, "--json", report)
    while process.poll() is None:
        peak = max(peak, held(process))
        time.sleep(0.5)
    seconds = time.perf_counter() - started
    told = json.loads(report.read_text())
    network = sum(entry["seconds"]["network"] for entry in told if "seconds" in entry)
    return Result("one after the other", count, seconds, peak, network, psutil.cpu_count() or 1)


def killed(source: Path, out: Path, total: int) -> None:
    """A batch that is killed after a quarter, a half and three quarters, and then ends."""
    for part in (1, 2, 3):
        process = gpen("batch", source, "-o", out)
        while process.poll() is None:
            report = out / NAME
            if report.exists() and report.read_bytes().count(b"\n") >= total * part // 4:
                break
            time.sleep(0.05)
        process.kill()
        process.wait()
    gpen("batch", source, "-o", out).wait()


def same(one: Path, other: Path) -> tuple[int, int]:
    """How many files of the first folder are the same in the second, and how many there are."""
    names = [p.name for p in one.iterdir() if p.suffix == ".jpg"]
    equal = [(one / n).read_bytes() == (other / n).read_bytes() for n in names]
    return sum(equal), len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs=2, type=Path, metavar="FOLDER")
    parser.add_argument("--pictures", type=int, default=1000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        make(chosen.folders, here / "in", chosen.pictures)
        print("| | pictures | seconds | a second | peak memory, GB | network busy |")
        print("|---|---|---|---|---|---|", flush=True)
        turn = in_turn(here / "in", here / "turn", max(1, chosen.pictures // 10))
        print(turn.row(), flush=True)
        runs = {"gpen batch": ("here", [])}
        for workers in (1, 2):
            words = ["--cluster", "local", "--workers", workers]
            runs[f"Ray, {workers} worker{'s'[: workers - 1]}"] = (f"ray{workers}", words)
        for title, (folder, words) in runs.items():
            print(measured(title, here / "in", here / folder, *words).row(), flush=True)
        killed(here / "in", here / "killed", chosen.pictures)
        print()
        for folder in ("turn", "ray1", "ray2", "killed"):
            equal, count = same(here / folder, here / "here")
            print(f"{folder}: {equal} of {count} the same as of gpen batch, bit for bit")


if __name__ == "__main__":
    main()
