"""What the machine itself allows: the fastest convolution, and the fastest copy."""

from __future__ import annotations

import statistics
from typing import Any

from .contender import Contender, Failed, Task
from .settings import Report, Settings, Watch
from .timings import rounded, spread

TIMES = 5
PRECISIONS = {"cuda": ("float32", "float16", "bfloat16"), "mps": ("float32", "float16")}
"""Those that are tried when none is named, by the kind of device."""
OTHERS = ("float32", "bfloat16")


class Ceilings:
    """Processes that convolve, one for each precision, kept for the whole run.

    Args:
        settings: device and precisions.
        report: gets the copy's row, and what was left out.
        watch: told what is measured.

    Attributes:
        flops: operations a second of each precision that is worth measuring.
    """

    def __init__(self, settings: Settings, report: Report, watch: Watch) -> None:
        self.flops: dict[str, float] = {}
        self._report = report
        self._contenders: dict[str, Contender] = {}
        self._seconds: dict[str, list[float]] = {}
        kind = settings.device.partition(":")[0]
        for dtype in settings.precisions or PRECISIONS.get(kind, OTHERS):
            watch(f"the fastest convolution, {dtype}")
            self._start(settings.device, dtype)
        watch("the fastest copy")
        self._copy(settings.device)
        if not settings.precisions:
            self._drop_slow()

    def run(self, dtype: str) -> list[float]:
        """Operations a second, of some calls made now."""
        contender = self._contenders[dtype]
        seconds = contender.run(TIMES)
        self._seconds[dtype] += seconds
        return [contender.task.flops / s for s in seconds]

    def close(self) -> None:
        """Ends the processes and reports what they reached."""
        for dtype, contender in self._contenders.items():
            contender.close()
            best = contender.task.flops / min(self._seconds[dtype])
            row: dict[str, Any] = {"operation": "convolution", "dtype": dtype}
            row |= {"flops_per_second": rounded(best), "seconds": spread(self._seconds[dtype])}
            self._report.ceilings.append(row)

    def __enter__(self) -> Ceilings:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, device: str, dtype: str) -> None:
        batch = 64 if device.startswith("cuda") else 1
        contender = Contender(Task("convolution", device, dtype, batch=batch))
        try:
            contender.first()
            self._contenders[dtype], self._seconds[dtype] = contender, []
            self.flops[dtype] = statistics.median(self.run(dtype))
        except Failed as error:
            contender.close()
            self._contenders.pop(dtype, None)
            self._report.leave_out(dtype, str(error))

    def _copy(self, device: str) -> None:
        megabytes = 1000 if device.startswith("cuda") else 200
        task = Task("copy", device, megabytes=megabytes)
        try:
            with Contender(task) as contender:
                contender.first()
                seconds = contender.run(TIMES)
        except Failed as error:
            self._report.leave_out("copy", str(error))
            return
        rate = 2e6 * megabytes / min(seconds)  # each byte is read and written
        row = {"operation": "copy", "bytes_per_second": rounded(rate), "seconds": spread(seconds)}
        self._report.ceilings.append(row)

    def _drop_slow(self) -> None:
        """A precision that convolves no faster than float32 is emulated here."""
        for dtype in list(self.flops):
            if dtype != "float32" and self.flops[dtype] <= self.flops.get("float32", 0):
                del self.flops[dtype]
                self._report.leave_out(dtype, "this device convolves no faster in it than float32")
