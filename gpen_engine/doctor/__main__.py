"""``python -m gpen_engine.doctor``, for where even the command ``gpen`` cannot load."""

from __future__ import annotations

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
