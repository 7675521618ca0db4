"""Which machine it was."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import torch

STEERING = ("OMP_", "KMP_", "GOMP_", "MKL_", "DNNL_", "ONEDNN_", "TORCH_", "PYTORCH_", "CUBLAS_")
"""Beginnings of environment variables that change how PyTorch computes."""
LISTENING = 0.5
"""Seconds during which it is seen how busy the machine is."""


def machine(device: str) -> dict[str, Any]:
    """Processor, memory, device and PyTorch, and how busy others keep the processor (0..1)."""
    cuda = device.startswith("cuda")
    card = torch.cuda.get_device_properties(torch.device(device)) if cuda else None
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=False) or psutil.cpu_count(),
        "usable_processors": _usable(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory_bytes": psutil.virtual_memory().total,
        "busy": round(psutil.cpu_percent(LISTENING) / 100, 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "environment": {k: v for k, v in os.environ.items() if k.startswith(STEERING)},
        "device": device,
        "gpu": card and card.name,
        "gpu_memory_bytes": card and card.total_memory,
        "cuda": torch.version.cuda if cuda else None,
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        words = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor() or platform.machine()


def _usable() -> int:
    """Logical processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
