"""A plug-in that GIMP would not load, or that would not understand the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from examining import PRODUCT, all_well, do, look, the_fault

from gpen_engine.doctor.plugin import plugins
from gpen_engine.installation.interpreters import use_alias, write_alias
from gpen_engine.installation.options import parse
from gpen_engine.installation.product import Product
from gpen_engine.installation.steps import is_done
from gpen_engine.wire import EngineHome

Install = Callable[[], None]


def test_a_plug_in_in_each_profile_is_well(plugin: Path) -> None:
    assert [(found.mark, found.name, found.sentence) for found in look(plugins)] == [
        ("ok", "Plug-in", "It lies in GIMP 3.0 and fits the engine."),
        ("ok", "Plug-in", "It lies in GIMP 3.2 and fits the engine."),
    ]


def test_it_may_not_be_run(plugin: Path) -> None:
    (plugin / "gpen_restore.py").chmod(0o644)
    fault = the_fault(plugins)
    assert fault.name == "Plug-in"
    assert fault.sentence == "The plug-in in GIMP 3.0 may not be run, so GIMP passes it over."
    assert fault.cure.startswith("chmod +x ~/")
    do(fault.cure)
    assert all_well(plugins)


def test_its_folder_has_another_name(plugin: Path) -> None:
    plugin.rename(plugin.with_name("gpen restore (2)"))
    fault = the_fault(plugins)
    assert "in GIMP 3.0 is called gpen restore (2)" in fault.sentence
    assert fault.cure.startswith("mv ")
    do(fault.cure)
    assert all_well(plugins)


def test_it_is_not_there(plugin: Path, placed_anew: str, install: Install) -> None:
    plugin.rename(plugin.with_name(".gpen_restore.old"))  # as a stopped installer may leave it
    fault = the_fault(plugins)
    assert (fault.sentence, fault.cure) == ("The plug-in is not in GIMP 3.0.", placed_anew)
    install()
    assert all_well(plugins)


@pytest.mark.parametrize("part", ["gpen_engine/wire/messages.py", "layers.py"])
@pytest.mark.parametrize("gone", [True, False])
def test_an_old_copy(
    plugin: Path, placed_anew: str, install: Install, part: str, gone: bool
) -> None:
    if gone:
        (plugin / part).unlink()
    else:
        with (plugin / part).open("a") as file:
            file.write("# as it was\n")
    fault = the_fault(plugins)
    assert "incomplete, or of another version than the engine" in fault.sentence
    assert fault.cure == placed_anew
    install()
    assert all_well(plugins)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "does not say in its first line"),
        ("#!\n", "does not say in its first line"),
        ("#!/usr/bin/env python3\r\n", "does not say in its first line"),
        ("#!/usr/bin/env python3.99\n", "is run by /usr/bin/env python3.99, which is not there"),
        ("#!/nowhere/python3\n", "is run by /nowhere/python3, which is not there"),
    ],
)
def test_its_first_line(
    plugin: Path, placed_anew: str, install: Install, line: str, said: str
) -> None:
    script = plugin / "gpen_restore.py"
    rest = script.read_text().partition("\n")[2]
    script.write_bytes((line + rest).encode())
    faults = [found for found in look(plugins) if found.mark == "fault"]
    assert said in faults[0].sentence
    assert {fault.cure for fault in faults} == {placed_anew}
    install()
    assert all_well(plugins)


def test_the_name_that_stands_for_gimp_s_python(
    plugin: Path, placed_anew: str, tmp_path: Path
) -> None:
    """As on Windows."""
    python = tmp_path / "python.exe"
    python.touch()
    use_alias(plugin / "gpen_restore.py")
    write_alias(plugin.parents[1], python)
    assert all_well(plugins)
    python.unlink()
    faults = [found for found in look(plugins) if found.mark == "fault"]
    assert len(faults) == 2
    assert faults[0].sentence == (
        "The file that names GIMP's Python in GIMP 3.0, gpen-gimp-python.interp, is broken."
    )
    assert faults[0].cure == placed_anew


def test_the_cure_shows_the_installer_that_it_has_work_to_do(
    plugin: Path, engine_home: EngineHome
) -> None:
    options, _ = parse(["--no-uv"])
    step = Product(PRODUCT, engine_home.folder / "env", options, print).plug_in()
    done = {step.name: step.key}
    assert is_done(step, done)
    (plugin / "layers.py").unlink()
    assert is_done(step, done)  # it does not see that
    do(the_fault(plugins).cure.partition(" && ")[0])
    assert not is_done(step, done)


def test_a_folder_that_was_named_to_the_installer(
    install: Install, engine_home: EngineHome, tmp_path: Path
) -> None:
    (engine_home.folder / "plug-in-folders.json").write_text(f'["{tmp_path}"]')
    fault = the_fault(plugins)
    assert fault.sentence == f"The plug-in is not in {tmp_path}."
    install()
    assert all_well(plugins)
