"""``gpen models``."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from safetensors.torch import load_file

from gpen_engine import load_model
from gpen_engine.checkpoints import catalogue
from gpen_engine.checkpoints.catalogue import ENTRIES, Entry
from gpen_engine.cli import asking
from gpen_engine.network import GpenConfig


@pytest.fixture
def small(model_file, monkeypatch):
    """One known model, that of the tiny network, on a server; two more with its network."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    content, network = model_file.read_bytes(), GpenConfig(64, 64, 1, 0.0625)
    with Server(content) as server:

        def entry(name: str, sha256: str | None = None) -> Entry:
            size = len(content) if sha256 else None
            file, terms = f"{name}.safetensors", f"Terms {name}."
            urls = (f"http://127.0.0.1:{server.server_port}/{name}",)
            return Entry(name, "restore", network, file, 1, terms, "", urls, size, sha256)

        sum_ = hashlib.sha256(content).hexdigest()
        entries = (catalogue.DEFAULT, entry("Tiny", sum_), entry("Tinier"), entry("Tiniest"))
        monkeypatch.setattr(catalogue, "ENTRIES", entries)
        yield server


class Server(ThreadingHTTPServer):
    """Serves one file, whatever is asked for."""

    def __init__(self, content: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:
                self.asked.append(handler.path)
                handler.send_response(404 if self.broken else 200)
                handler.send_header("Content-Length", str(len(content)))
                handler.end_headers()
                handler.wfile.write(content)

            def log_message(handler, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.broken = False

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def handle_error(self, *_: object) -> None:
        """Without a word: clients may leave early."""

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture
def answers(monkeypatch):
    """Makes the command believe that somebody sits there, who types these lines."""

    def sit(*lines: str) -> None:
        rest = list(lines)
        monkeypatch.setattr(asking, "somebody_is_there", lambda: True)
        monkeypatch.setattr(asking.typer, "confirm", lambda *_, **__: rest.pop(0) == "y")
        monkeypatch.setattr(asking.typer, "prompt", lambda *_, **__: rest.pop(0))

    return sit


def test_list_is_a_table_of_known_and_own_models(gpen, model_file, engine_home) -> None:
    lines = gpen("models", "list").stdout.splitlines()
    assert lines[0].split() == ["model", "here", "size", "pixels", "task", "terms"]
    assert lines[1].split() == ["GPEN-Mini-256", "embedded", "15.5", "MB", "256", "restore", "(1)"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1 : 1 + len(ENTRIES)]}
    assert list(rows) == [entry.name for entry in ENTRIES]
    assert rows["GPEN-BFR-2048"] == ["-", "285.2", "MB", "2048", "restore", "(2)"]
    assert rows["RetinaFace-ResNet50"] == ["-", "109.5", "MB", "any", "detect", "(3)"]
    assert any(line.startswith("(2) Copyright Alibaba") for line in lines)
    assert lines[-1] == f"Models go to {engine_home.models}."

    engine_home.models.mkdir()
    shutil.copy(model_file, engine_home.models / "Mine.safetensors")
    shutil.copy(model_file, engine_home.models / "gpen-bfr-2048.safetensors")
    lines = gpen("models", "list").stdout.splitlines()
    size = f"{model_file.stat().st_size / 1e6:.1f}"
    assert lines[len(ENTRIES) + 1].split() == ["Mine", "yes", size, "MB", "own"]
    assert ["GPEN-BFR-2048", "yes", size, "MB", "2048", "restore", "(2)"] in map(str.split, lines)


def test_list_for_programs(gpen, model_file, engine_home) -> None:
    engine_home.models.mkdir()
    shutil.copy(model_file, engine_home.models / "Mine.safetensors")
    rows = json.loads(gpen("models", "list", "--json").stdout)
    assert [row["name"] for row in rows] == [*(entry.name for entry in ENTRIES), "Mine"]
    assert rows[0]["path"] == str(ENTRIES[0].path)
    assert (rows[1]["path"], rows[1]["sha256"], rows[1]["in_size"]) == (None, None, 256)
    assert rows[2]["bytes"] == 284_085_738
    assert rows[2]["terms"] == ENTRIES[2].terms
    assert rows[-1]["bytes"] == model_file.stat().st_size


def test_get_asks_for_the_terms_once(gpen, small, model_file, engine_home, answers) -> None:
    result = gpen("models", "get", "tiny")
    assert result.exit_code == 1
    assert result.stderr.startswith("Terms of Tiny:\n  Terms Tiny.\nError: Without your consent")
    assert "--accept" in result.stderr
    assert small.asked == []
    answers("n")
    assert gpen("models", "get", "tiny").exit_code == 1
    answers("y", "y")
    result = gpen("models", "get", "TINY", "tinier")
    assert result.exit_code == 0, result.stderr
    tiny, tinier = (engine_home.models / f"{n}.safetensors" for n in ("Tiny", "Tinier"))
    sum_ = hashlib.sha256(model_file.read_bytes()).hexdigest()
    assert result.stdout.splitlines() == [
        f"Tiny: {tiny}",
        f"  SHA-256 {sum_} (the published sum)",
        f"Tinier: {tinier}",
        f"  SHA-256 {sum_} (no sum is published; this one is kept)",
    ]
    assert tiny.read_bytes() == model_file.read_bytes()
    assert small.asked == ["/Tiny", "/Tinier"]

    tiny.unlink()
    result = gpen("models", "get", "Tiny", "-q")  # accepted for good; nobody is asked
    assert (result.exit_code, result.output) == (0, "")
    assert gpen("models", "get", "Tiny").stderr == ""
    assert small.asked == ["/Tiny", "/Tinier", "/Tiny"]


def test_get_with_consent_in_the_command(gpen, small, engine_home) -> None:
    result = gpen("models", "get", "Tiniest", "--accept")
    assert result.exit_code == 0
    assert "Terms Tiniest." in result.stderr
    assert json.loads((engine_home.models / "terms.json").read_text()).keys() == {"Terms Tiniest."}


def test_get_what_fails(gpen, small, engine_home) -> None:
    small.broken = True
    result = gpen("models", "get", "Tiny", "--accept")
    assert result.exit_code == 1
    assert "127.0.0.1 has no such file (HTTP 404)." in result.stderr
    assert f"as {engine_home.models / 'Tiny.safetensors'}, SHA-256 " in result.stderr
    result = gpen("models", "get", "Tiny", "GPEN-Maxi", "--accept")
    assert result.stderr.splitlines() == [
        'Error: There is no known model "GPEN-Maxi".',
        "Choose from Tiny, Tinier, Tiniest.",
    ]
    result = gpen("models", "get", "GPEN-Mini-256")
    assert (result.exit_code, result.stderr) == (0, "")


def test_import_by_content(gpen, small, model_file, engine_home) -> None:
    result = gpen("models", "import", model_file)
    target = engine_home.models / "Tiny.safetensors"
    assert result.stdout.splitlines()[0] == f"Tiny: {target}"
    assert result.stdout.splitlines()[1].endswith(" (a known sum)")
    assert gpen("models", "path", "tiny").stdout == f"{target}\n"


def test_import_of_what_content_cannot_tell(
    gpen, small, model_file, tmp_path, engine_home, answers
) -> None:
    half = tmp_path / "odd name.pth"
    gpen("models", "convert", model_file, half, "--dtype", "float16", "-q")
    result = gpen("models", "import", half)
    assert result.exit_code == 1
    assert "cannot tell whether it is Tiny or Tinier or Tiniest." in result.stderr
    assert "--as NAME" in result.stderr
    assert gpen("models", "import", half, model_file, "--as", "Tiny").exit_code == 1
    assert gpen("models", "import", half, "--as", "tinier", "-q").output == ""
    assert (engine_home.models / "Tinier.pth").exists()
    answers("3", "my own")
    assert "Tiniest: " in gpen("models", "import", half).stdout
    assert "my own: " in gpen("models", "import", half).stdout
    wrong = gpen("models", "import", model_file, "--as", "tinier")
    assert "--force" in wrong.stderr
    assert gpen("models", "import", model_file, "--as", "tinier", "--force").exit_code == 0
    assert not (engine_home.models / "Tinier.pth").exists()


def test_import_of_ones_own_keeps_its_name(gpen, model_file, engine_home) -> None:
    assert gpen("models", "import", model_file).exit_code == 0
    assert (engine_home.models / "tiny.safetensors").exists()


def test_import_of_what_is_none(gpen, tmp_path) -> None:
    (tmp_path / "x.pth").write_text("no")
    assert "not a weights file" in gpen("models", "import", tmp_path / "x.pth").stderr
    assert gpen("models", "import", tmp_path / "gone.pth").exit_code == 1


def test_verify_says_what_is_wrong(gpen, small, model_file, engine_home) -> None:
    gpen("models", "get", "Tiny", "Tinier", "--accept")
    result = gpen("models", "verify")
    assert result.exit_code == 0
    marks = [line for line in result.stdout.splitlines() if not line.startswith("    ")]
    assert marks == [
        "ok  GPEN-Mini-256: It is the published file.",
        "ok  Tinier: It is as it was when it came here.",
        "ok  Tiny: It is the published file.",
    ]
    tiny = engine_home.models / "Tiny.safetensors"
    tiny.write_bytes(tiny.read_bytes()[:-9])
    result = gpen("models", "verify", "-q")
    assert result.exit_code == 1
    assert result.stdout.startswith("BAD Tiny: It changed since it came here")
    assert "gpen models get" in result.stderr
    assert gpen("models", "verify", "tinier").exit_code == 0
    assert gpen("models", "verify", "nothing").exit_code == 1


def test_remove(gpen, small, model_file, engine_home) -> None:
    gpen("models", "get", "Tiny", "--accept")
    file = engine_home.models / "Tiny.safetensors"
    assert gpen("models", "remove", "tiny").stdout == f"Removed: {file}\n"
    assert not file.exists()
    assert "There is no model" in gpen("models", "remove", "tiny").stderr
    gpen("models", "import", model_file, "--as", "mine")
    assert "--yes" in gpen("models", "remove", "mine").stderr
    assert gpen("models", "remove", "mine", "--yes", "-q").output == ""
    assert list(engine_home.models.glob("*.safetensors")) == []
    assert "stays with it" in gpen("models", "remove", "gpen-mini-256").stderr


def test_path(gpen, engine_home) -> None:
    assert gpen("models", "path").stdout == f"{engine_home.models}\n"
    assert gpen("models", "path", "gpen-mini-256").stdout == f"{ENTRIES[0].path}\n"
    assert "gpen models get GPEN-BFR-512" in gpen("models", "path", "gpen-bfr-512").stderr


def test_convert_says_what_it_found_and_wrote(gpen, model_file, tmp_path) -> None:
    out = tmp_path / "half.safetensors"
    result = gpen("models", "convert", model_file, out, "--dtype", "float16")
    assert result.exit_code == 0
    parameters = load_model(model_file, device="cpu").parameters / 1e6
    assert result.stdout.splitlines() == [
        "Found: tiny, a GPEN",
        f"  64 pixels in, 64 out, {parameters:.1f} million parameters",
        f"  {model_file}: flat, {model_file.stat().st_size / 1e6:.1f} MB",
        f"Written: {out}: {out.stat().st_size / 1e6:.1f} MB",
    ]
    assert out.stat().st_size < 0.51 * model_file.stat().st_size
    assert {t.dtype for t in load_file(out).values()} == {torch.float16}


def test_convert_to_sections_and_back_gives_the_same_numbers(gpen, model_file, tmp_path) -> None:
    sections, back = tmp_path / "s.pth", tmp_path / "b.safetensors"
    run = ["models", "convert"]
    assert gpen(*run, model_file, sections, "--layout", "sectioned", "-q").output == ""
    assert set(torch.load(sections, weights_only=True)) == {
        *("encoder", "mapper", "generator", "args"),
    }
    result = gpen(*run, sections, back, "--layout", "flat")
    assert f"  {sections}: sectioned, " in result.stdout
    before, after = load_file(model_file), load_file(back)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_convert_overwrites_by_force_only(gpen, model_file, tmp_path) -> None:
    out = tmp_path / "out.safetensors"
    out.write_bytes(b"dear")
    result = gpen("models", "convert", model_file, out)
    assert (result.exit_code, out.read_bytes()) == (1, b"dear")
    assert "--force" in result.stderr
    assert gpen("models", "convert", model_file, out, "--force").exit_code == 0
    assert gpen("models", "convert", out, out, "--force", "--dtype", "float16").exit_code == 0
    assert {t.dtype for t in load_file(out).values()} == {torch.float16}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none.pth", "x.pth"], 'There is no model and no file "none.pth".'),
        (["MODEL", "x.onnx"], 'The weights cannot be written as ".onnx".'),
        (["MODEL", "x.pth", "--dtype", "int8"], 'There is no precision "int8".'),
        (["MODEL", "x.pth", "--layout", "round"], 'There is no layout "round".'),
    ],
)
def test_what_cannot_be_converted_is_said(
    gpen, model_file, tmp_path, monkeypatch, words, sentence
) -> None:
    monkeypatch.chdir(tmp_path)
    result = gpen("models", "convert", *(model_file if w == "MODEL" else w for w in words))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}\n")
    assert list(tmp_path.iterdir()) == []
