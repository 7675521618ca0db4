"""What the quality bench found, as Markdown for people."""

from __future__ import annotations

from typing import Any

from ..bench.tables import table

Row = dict[str, Any]

COLUMNS = {
    "psnr": ("PSNR", ".2f"),
    "ssim": ("SSIM", ".3f"),
    "sharpness": ("sharpness", ".2f"),
    "detail": ("detail", ".2f"),
    "landmarks": ("landmarks", ".3f"),
    "not_found": ("not found", ".0%"),
    "changed": ("changed", ".0%"),
    "colour": ("ΔE", ".1f"),
    "seam": ("seam", ".2f"),
}
MEANING = """\
"input" is the damaged face enlarged bicubically, "classical" OpenCV's non-local means and unsharp
masking, "restored" the model at that strength. PSNR in dB; SSIM of the luma. "sharpness": energy
of the fine detail of eyes and mouth over the truth's, noise and invention counted; "detail": how
much of the truth's fine detail is there. "landmarks": distance of the detector's five points
from those in the truth, over the distance of the eyes; "not found": faces that the detector gives
a score under 0.9; "changed": faces that agree so little with the damaged ones that the guard
marks them. "ΔE": CIEDE2000 of the low frequencies. "seam": how much the error changes at the border
of the pasted face, over how much it does beside it. PSNR, SSIM, "not found", "changed" and ΔE are
means over the faces, the others medians."""


def text(found: Row) -> str:
    """The report of ``measure``, to be read."""
    shown = ["input", "classical", found["shown"]]
    lines = []
    for name, scores in found["damages"].items():
        lines += [[name, contender, *_cells(scores[contender])] for contender in shown]
    parts = [
        f"{found['model']['name']}, {found['faces']} faces, seed {found['settings']['seed']}.",
        MEANING,
        "## Each damage",
        _table(["damage", "what"], lines),
    ]
    if found["mean"]:
        rows = [[contender, *_cells(scores)] for contender, scores in found["mean"].items()]
        parts += [f"## Mean of {', '.join(found['mean_of'])}", _table(["what"], rows)]
    return "\n\n".join([*parts, f"Took {found['took_seconds']:.0f} s."])


def _table(head: list[str], lines: list[list[str]]) -> str:
    return table([*head, *(title for title, _ in COLUMNS.values())], lines)


def _cells(scores: Row) -> list[str]:
    return [
        "-" if scores[name] is None else format(scores[name], form)
        for name, (_, form) in COLUMNS.items()
    ]
