"""How a face is framed: where its landmarks lie in the square that a network takes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

TEMPLATES: Mapping[str, tuple[tuple[float, float], ...]] = MappingProxyType(
    {
        # The ArcFace 96x112 points squared and padded by a quarter: GPEN's own.
        "gpen": (
            (0.394611, 0.474383),
            (0.604356, 0.473223),
            (0.500150, 0.593670),
            (0.413984, 0.716461),
            (0.587678, 0.715501),
        ),
        # FFHQ at 512, as facexlib and most other tools use: the face is 11.6 % larger.
        "ffhq": tuple(
            (x / 512, y / 512)
            for x, y in (
                (192.98138, 239.94708),
                (318.90277, 240.19360),
                (256.63416, 314.01935),
                (201.26117, 371.41043),
                (313.08905, 371.15118),
            )
        ),
    }
)
"""x and y of left eye, right eye, nose, left and right mouth corner, in units of its side."""
COARSE = 1.25
"""From how many times a network's side a face counts as larger than what the network gives."""


def side_of(landmarks: Sequence[float], template: str) -> float:
    """The side of a face's square in pixels of the picture that its landmarks lie in.

    Args:
        landmarks: ten numbers, see ``FaceInfo``.
        template: one of ``TEMPLATES``.

    Returns:
        That of the least-squares similarity by which the engine aligns the face; 0 where the
        landmarks say nothing, as when all lie on one point.
    """
    face = _about_their_mean([complex(x, y) for x, y in zip(landmarks[::2], landmarks[1::2])])
    square = _about_their_mean([complex(x, y) for x, y in TEMPLATES[template]])
    alike = abs(sum(f.conjugate() * s for f, s in zip(face, square)))
    return sum(abs(f) ** 2 for f in face) / alike if alike else 0.0


def _about_their_mean(points: Sequence[complex]) -> list[complex]:
    mean = sum(points) / len(points)
    return [point - mean for point in points]
