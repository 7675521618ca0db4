"""Runs the halves of a test file that belong inside: in GIMP's Python, or beside GIMP's windows.

Started by the harness with the path of a job, a JSON file: ``file`` (the test file), ``decorator``
(``in_gimp`` or ``on_screen``), ``names`` (functions to run, in this order) and ``work`` (a folder).
What became of each is written to ``work/results/NAME.json`` as soon as it is known, so that a crash
costs no more than the function in which it happened.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


def namespace(file: Path, decorator: str) -> dict[str, Any]:
    """Executes the parts of a test file that belong inside.

    These are: functions with this decorator (which is left away), constants in capital letters,
    imports of the standard library, and whatever is imported under ``if TYPE_CHECKING:``. Line
    numbers stay those of the file, so that tracebacks fit.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    chosen: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            chosen += node.body
        elif isinstance(node, ast.FunctionDef):
            if decorator in [ast.unparse(used) for used in node.decorator_list]:
                node.decorator_list = []
                chosen.append(node)
        elif is_constant(node) or is_standard_import(node):
            chosen.append(node)
    tree.body = chosen
    names: dict[str, Any] = {"__name__": file.stem, "__file__": str(file)}
    exec(compile(tree, str(file), "exec"), names)
    return names


def is_constant(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    targets = [part for target in node.targets for part in ast.walk(target)]
    names = [part.id for part in targets if isinstance(part, ast.Name)]
    return bool(names) and all(name.isupper() for name in names)


def is_standard_import(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    elif isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    else:
        return False
    return all(name.partition(".")[0] in sys.stdlib_module_names for name in modules)


def run_all(job: dict[str, Any]) -> None:
    results = Path(job["work"], "results")
    results.mkdir(exist_ok=True)
    names = namespace(Path(job["file"]), job["decorator"])
    for name in job["names"]:
        print(f"== {name}", flush=True)
        (results / f"{name}.started").touch()
        begin = time.monotonic()
        value, error = None, None
        try:
            value = names[name]()
            json.dumps(value)
        except BaseException:  # SystemExit as well: it says so in the result
            value, error = None, traceback.format_exc()
        seconds = round(time.monotonic() - begin, 3)
        fresh = results / f"{name}.new"
        fresh.write_text(json.dumps({"value": value, "error": error, "seconds": seconds}))
        fresh.replace(results / f"{name}.json")
        if job["decorator"] == "in_gimp":
            import gimp_side  # needs a running GIMP

            gimp_side.close_images()
    print("==", flush=True)


def main(path: str) -> None:
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    os.environ["GPEN_TEST_WORK"] = job["work"]
    sys.path.insert(0, job["inside"])
    run_all(job)


if __name__ == "__main__":
    main(sys.argv[1])
