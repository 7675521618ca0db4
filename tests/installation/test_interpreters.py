"""Which Python GIMP starts the plug-in with on Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine.installation.interpreters import ALIAS, remove_alias, use_alias, write_alias


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """GIMP's own, without pythonw beside it."""
    path = tmp_path / "GIMP 3" / "bin" / "python.exe"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def lines(profile: Path) -> dict[str, str]:
    folder = profile / "interpreters"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_the_alias_leads_to_gimp_s_own_python(tmp_path: Path, python: Path) -> None:
    write_alias(tmp_path / "3.2", python)
    line = f"{ALIAS}={python.as_posix()}\n"
    assert lines(tmp_path / "3.2") == {f"{ALIAS}.interp": line, f"{ALIAS}_win.interp": line}
    python.with_name("pythonw.exe").touch()
    write_alias(tmp_path / "3.2", python)
    assert lines(tmp_path / "3.2") == {
        f"{ALIAS}.interp": line,
        f"{ALIAS}_win.interp": line.replace("python.exe", "pythonw.exe"),
    }


def test_other_interpreters_stay(tmp_path: Path, python: Path) -> None:
    other = tmp_path / "interpreters" / "lua.interp"
    other.parent.mkdir()
    other.write_text("lua=C:/lua.exe\n")
    write_alias(tmp_path, python)
    assert remove_alias(tmp_path) is True
    assert lines(tmp_path) == {"lua.interp": "lua=C:/lua.exe\n"}
    assert remove_alias(tmp_path) is False


def test_a_plug_in_asks_for_the_alias(tmp_path: Path) -> None:
    script = tmp_path / "gpen.py"
    script.write_bytes("#!/usr/bin/env python3\n\nprint('é')\n".encode())
    use_alias(script)
    assert script.read_bytes() == f"#!{ALIAS}\n\nprint('é')\n".encode()
