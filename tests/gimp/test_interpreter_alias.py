"""GIMP starts the plug-in with the Python of our interpreter file, as it is to do on Windows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import CHECKOUT, Gimp, Setting
from halves import Result, in_gimp

from gpen_engine.installation.placing import place

if TYPE_CHECKING:
    from gi.repository import Gimp as GimpApi

pytestmark = pytest.mark.slow
OWN = "gimp-s-own-python"
MARK = "was-used"


def place_with_alias(profile: Path) -> None:
    """A Python that nothing but the interpreter file leads to, and that leaves a mark."""
    own = profile.parent / OWN
    own.write_text(f'#!/bin/sh\ntouch "{profile / MARK}"\nexec /usr/bin/python3 "$@"\n')
    own.chmod(0o755)
    place(CHECKOUT, profile, own)


@pytest.fixture(scope="module")
def setting(gimp: Gimp) -> Setting:
    return Setting(plugin=place_with_alias)


@in_gimp
def registered() -> object:
    return {
        "there": GimpApi.get_pdb().procedure_exists("plug-in-gpen-restore-faces"),
        "used": (Path(GimpApi.directory()) / MARK).exists(),
    }


def test_the_alias_leads_to_that_python(registered: Result) -> None:
    assert registered.value == {"there": True, "used": True}
