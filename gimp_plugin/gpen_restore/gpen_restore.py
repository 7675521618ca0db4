#!/usr/bin/env python3
"""What GIMP starts: registers the plug-in's procedures, nothing else."""

from __future__ import annotations

import sys

import log


def main() -> None:
    log.start()
    with log.failures("The plug-in could not be loaded"):
        import gi

        gi.require_version("Gimp", "3.0")
        gi.require_version("Gegl", "0.4")
        from gi.repository import Gimp

        log.LOG.info("GIMP %s, %s", Gimp.VERSION, sys.argv[1:2])
        from procedures import GpenPlugIn
    Gimp.main(GpenPlugIn.__gtype__, sys.argv)


if __name__ == "__main__":
    main()
