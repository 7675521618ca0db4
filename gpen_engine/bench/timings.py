"""Numbers out of repeated calls."""

from __future__ import annotations

import statistics
from typing import Any

SIGNIFICANT = 4
"""Digits of what is reported."""


def spread(seconds: list[float]) -> dict[str, Any]:
    """Median, shortest, longest and number of some calls, in seconds."""
    return {
        "median": rounded(statistics.median(seconds)),
        "least": rounded(min(seconds)),
        "most": rounded(max(seconds)),
        "runs": len(seconds),
    }


def rounded(value: float) -> float:
    """To as many digits as mean something."""
    return float(f"{value:.{SIGNIFICANT}g}")
