"""``python -m gpen_engine`` is the command ``gpen``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":  # training starts further processes, which import this again
    main()
