"""The other end of a contender: the process that does the task."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import torch
from torch import Tensor

from ..checkpoints import load_model
from ..device import choose_dtype
from ..errors import GpenError
from ..memory import keep_freed
from ..network import Gpen, GpenConfig
from ..restore.batching import is_out_of_memory
from .contender import CHANNELS, SIDE, First, Task
from .published import Published

SAMPLED = 16
"""Pixels a side that are compared between contenders."""


def serve(pipe: Connection, task: Task) -> None:
    """Does the task once, tells how that went, then as often as it is asked for, until the pipe is
    closed. What fails is told as a sentence."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Windows this is not inherited
    try:
        if task.form == "gpen":
            keep_freed()  # as all our commands do
        device = torch.device(task.device)
        _settle(device)
        before = _in_use(device)
        run = prepare(task)
        with torch.inference_mode():
            seconds, result = _timed(run, device)
            pipe.send(First(seconds, before, _peak(device), _sample(result, task)))
            del result
            while True:
                pipe.send([_timed(run, device)[0] for _ in range(pipe.recv())])
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        pipe.send(_reason(error))


def released(size: int) -> GpenConfig:
    """The released model of this size; below the smallest, one with its widths."""
    return GpenConfig(size, size, 1, 0.5) if size <= 256 else GpenConfig(size, size, 2, 1)


def random_network(size: int) -> Gpen:
    """A network with random weights, the same numbers every time."""
    torch.manual_seed(size)
    network = Gpen(released(size)).eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if name.endswith("noise.weight"):
            parameter.fill_(0.3)
    return network


def prepare(task: Task) -> Callable[[], Tensor]:
    """Makes everything that a call needs; the call computes and gives the result.

    Raises:
        GpenError: ``device_missing`` when the device cannot compute in this precision.
    """
    device = torch.device(task.device)
    dtype = choose_dtype(task.dtype, device)
    if task.form == "copy":
        source = torch.ones(task.megabytes * 1_000_000, dtype=torch.uint8, device=device)
        target = torch.empty_like(source)
        return lambda: target.copy_(source)
    if task.form == "gpen":  # whatever the engine itself chooses: nothing is set here
        model = load_model(random_network(task.size).state_dict(), device=device, dtype=dtype)
        images = _images(task, device)
        return lambda: model(images)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    if task.form == "published":
        published = Published(random_network(task.size).to(device), dtype)
        images = _images(task, device)
        return lambda: published(images)
    shape = (task.batch, CHANNELS, SIDE, SIDE)
    layout = torch.channels_last  # the engine's
    x = torch.rand(shape, device=device).to(dtype, memory_format=layout)
    weight = torch.rand(CHANNELS, CHANNELS, 3, 3, device=device).to(dtype, memory_format=layout)
    return lambda: torch.conv2d(x, weight, padding=1)


def _images(task: Task, device: torch.device) -> Tensor:
    source = torch.Generator().manual_seed(0)
    coarse = torch.rand(task.batch, 3, 9, 9, generator=source) * 2 - 1
    side = (task.size, task.size)
    return torch.nn.functional.interpolate(coarse, side, mode="bilinear").to(device)


def _timed(run: Callable[[], Tensor], device: torch.device) -> tuple[float, Tensor]:
    _wait(device)
    started = time.perf_counter()
    result = run()
    _wait(device)
    return time.perf_counter() - started, result


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _settle(device: torch.device) -> None:
    """Has the libraries make what they make once in a process."""
    one = torch.ones(1, 8, 8, 8, device=device)
    torch.conv2d(one, torch.ones(8, 8, 3, 3, device=device))
    _wait(device)


def _in_use(device: torch.device) -> int:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)


def _peak(device: torch.device) -> int:
    """Most bytes that were in use."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "linux":  # getrusage would count the process that started this one
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _sample(result: Tensor, task: Task) -> list[float]:
    if not task.size:
        return []
    step = task.size // SAMPLED
    return list(result[0, :, step // 2 :: step, step // 2 :: step].float().flatten().tolist())


def _reason(error: Exception) -> str:
    if is_out_of_memory(error):
        return "memory ran out"
    if isinstance(error, GpenError):
        return error.sentence
    return str(error).strip().partition("\n")[0] or type(error).__name__
