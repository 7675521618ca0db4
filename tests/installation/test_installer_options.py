"""What may be asked of ``install.py``, and what does not go together."""

from __future__ import annotations

import sys

import pytest

from gpen_engine.installation.options import parse


def test_nothing_need_be_given() -> None:
    options, extra = parse([])
    assert (options.device, options.models, options.plug_in_dir, extra) == ("auto", None, [], [])


def test_pytest_gets_what_is_not_ours() -> None:
    options, extra = parse(["--test", "-k", "masks", "--verbose"])
    assert options.test
    assert extra == ["-k", "masks"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--tset"], "unknown: --tset"),
        (["--uninstall", "--test"], "give one of"),
        (["--purge"], "--purge goes with --uninstall"),
        (["--models", "A", "--no-models"], "give one of"),
        (["--offline", "F", "--models", "A"], "--offline downloads nothing"),
        (["--models", "A"], "add --accept-terms"),
        (["--uv", "--no-uv"], "not allowed with"),
        (["--device", "tpu"], "invalid choice"),
    ],
)
def test_what_does_not_go_together_is_said(
    words: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # nobody can be asked
    with pytest.raises(SystemExit, match="2"):
        parse(words)
    assert complaint in capsys.readouterr().err
