"""Lets these tests use the parity recipe of the network's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "network"))
