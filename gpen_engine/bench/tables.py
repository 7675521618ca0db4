"""The measured numbers as tables for people, in Markdown."""

from __future__ import annotations

from typing import Any

from ..restore.files import STAGES

Row = dict[str, Any]

NETWORK = """\
One call of the network with random weights. "s a face" is the median, "from-to" the shortest and
longest of all calls; "of ceiling" is the speed as a share of that of a large 3x3 convolution in
the same precision and memory layout, called in between (medians). "published" is the same
network in the operations of the published code, in float32 and in the same precision, called in
turn with ours; "times" says how many times faster ours is. "error" is relative, against
published float32."""
MEMORY = {
    True: "Memory is the most that PyTorch took on the GPU.",
    False: "Memory is the most that the whole process took, Python and PyTorch included.",
}
STAGE = """\
Whole restorations from JPEG to JPEG; medians in seconds. "others" is all but detect and network."""


def text(found: Row) -> str:
    """What ``measure`` gave, to be read."""
    parts = [_machine(found["machine"])]
    if found["ceilings"]:
        parts += ["## The machine's ceilings", _ceilings(found["ceilings"])]
    if found["network"]:
        memory = MEMORY[found["machine"]["gpu"] is not None]
        parts += ["## The network", f"{NETWORK}\n{memory}", _network(found["network"])]
    if found["stages"]:
        parts += ["## A whole restoration", STAGE, _stages(found["stages"])]
    if found["start"]:
        parts += ["## Starting", _start(found["start"])]
    if found["left_out"]:
        lines = [f"* {left['what']}: {left['why']}" for left in found["left_out"]]
        parts += ["## Left out", "\n".join(lines)]
    return "\n\n".join([*parts, f"Took {found['took_seconds']:.0f} s."])


def _machine(machine: Row) -> str:
    lines = [
        f"{machine['processor']}, {machine['cores']} cores ({machine['instructions']}),"
        f" {machine['memory_bytes'] / 1e9:.0f} GB; {machine['system']};"
        f" PyTorch {machine['torch']}, {machine['threads']} threads"
    ]
    if machine["gpu"]:
        memory = machine["gpu_memory_bytes"] / 1e9
        lines.append(f"{machine['gpu']}, {memory:.0f} GB, CUDA {machine['cuda']}")
    if machine["busy"] > 0.1:
        lines.append(f"Other programs kept the processor busy ({machine['busy']:.0%}).")
    return "\n".join(lines)


def _ceilings(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        if row["operation"] == "copy":
            lines.append(["copy", "", f"{row['bytes_per_second'] / 1e9:.3g} GB/s"])
        else:
            speed = f"{row['flops_per_second'] / 1e9:.3g} GFLOP/s"
            lines.append(["3x3 convolution", row["dtype"], speed])
    return table(["operation", "precision", "best"], lines)


def _network(rows: list[Row]) -> str:
    published = {
        (row["size"], row["batch"], row["dtype"]): row for row in rows if row["form"] == "published"
    }
    head = ["size", "batch", "precision", "s a face", "from-to", "GFLOP/s", "of ceiling", "GB"]
    head += ["published float32", "times", "published same", "times", "published GB", "error"]
    lines = []
    for row in rows:
        if row["form"] != "gpen":
            continue
        key = (row["size"], row["batch"])
        full, same = published.get((*key, "float32")), published.get((*key, row["dtype"]))
        spread, batch = row["seconds"], row["batch"]
        lines.append(
            [
                *(str(row["size"]), str(batch), row["dtype"]),
                seconds(row["seconds_per_face"]),
                f"{seconds(spread['least'] / batch)}-{seconds(spread['most'] / batch)}",
                f"{row['flops_per_second'] / 1e9:.3g}",
                _or_dash(row, "share_of_ceiling", ".2f"),
                f"{row['peak_bytes'] / 1e9:.2f}",
                seconds(full["seconds_per_face"]) if full else "-",
                _or_dash(row, "ratio_to_published_float32", ".1f"),
                seconds(same["seconds_per_face"]) if same else "-",
                _or_dash(row, "ratio_to_published_same", ".1f"),
                f"{full['peak_bytes'] / 1e9:.2f}" if full else "-",
                _or_dash(row, "relative_error", ".1e"),
            ]
        )
    return table(head, lines)


def _stages(rows: list[Row]) -> str:
    lines = [
        [
            *(f"{row['megapixels']:g}", str(row["faces"]), str(row["found"])),
            *(f"{row['seconds'][stage]:.3f}" for stage in (*STAGES, "total")),
            f"{row['all_but_detector_and_network']:.3f}",
        ]
        for row in rows
    ]
    return table(["megapixels", "faces", "found", *STAGES, "total", "others"], lines)


def _start(start: Row) -> str:
    names = {
        "help": "gpen --help",
        "answer": "engine, until it answers",
        "ready": "engine, until detector and model are loaded",
        "first_call": "first restoration of the sample",
        "second_call": "second restoration of the sample",
    }
    lines = [
        [names[name], seconds(spread["median"]), f"{spread['runs']}"]
        for name, spread in start.items()
    ]
    return table(["", "s", "runs"], lines)


def _or_dash(row: Row, name: str, form: str) -> str:
    return format(row[name], form) if name in row else "-"


def seconds(value: float) -> str:
    """Three digits, in seconds, never as a power of ten."""
    return f"{value:.{max(0, 2 - _magnitude(value))}f}"


def _magnitude(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def table(head: list[str], lines: list[list[str]]) -> str:
    """A Markdown table whose columns stand under each other, numbers to the right."""
    columns = list(zip(head, *lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(c[:1].isdigit() or c in ("-", "") for c in column[1:]) for column in columns]

    def line(cells: list[str]) -> str:
        placed = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ]
        return f"| {' | '.join(placed)} |"

    rules = [
        "-" * (width - 1) + ":" if right else "-" * width
        for width, right in zip(widths, numeric, strict=True)
    ]
    return "\n".join([line(head), line(rules), *map(line, lines)])
