"""The engine, with models that do something known: a file in its folder ``models`` whose name is
one of ``PAINTERS`` stands for that function instead of for a network.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]
from fake_models import FakeModel, identity, red, reddened  # noqa: E402
from torch import Tensor  # noqa: E402

from gpen_engine import Restorer  # noqa: E402
from gpen_engine.cli import main  # noqa: E402
from gpen_engine.server.models import Models  # noqa: E402
from gpen_engine.wire import EngineHome  # noqa: E402

SIDE = 64
SECONDS = 20.0


def slow(images: Tensor) -> Tensor:
    """Long enough to be cancelled."""
    time.sleep(SECONDS)
    return images


PAINTERS = {"identity": identity, "red": red, "reddened": reddened, "slow": slow}


def place(home: EngineHome) -> None:
    """Puts the files there."""
    for name in PAINTERS:
        (home.models / f"{name}.pth").touch()


def paint() -> None:
    """Has the engine take them."""
    known = Models.restorer

    def restorer(models: Models, name: str, *more: Any, **others: Any) -> Restorer:
        if name not in PAINTERS:
            return known(models, name, *more, **others)
        model = FakeModel(PAINTERS[name], SIDE)
        model.name = name
        return Restorer(model, detector=models.detector(), device="cpu")

    Models.restorer = restorer  # type: ignore[method-assign]


if __name__ == "__main__":
    paint()
    sys.argv[1:] = ["serve"]
    main()
