"""Which faces of a picture are to be restored."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import GpenError
from ..faces import Detector, Face
from ..faces.region import face_from_region, faces_in_region
from ..pixels import Pixels
from .options import RestoreOptions
from .selection import Selection


def find_faces(
    detector: Detector,
    pixels: Pixels,
    options: RestoreOptions,
    selection: Selection | None,
    progress: Callable[[int, int], None],
) -> list[Face]:
    """The faces of the picture, of its region or of its selection, at least one.

    Args:
        detector: what searches.
        pixels: the picture.
        options: what is to be found.
        selection: if given, takes the place of the options' region.
        progress: see ``Detector.detect``.

    Raises:
        GpenError: ``no_face``.
    """
    place, where = options.region, "in the region" if options.region else "in the picture"
    if selection:
        place, where = selection.box(), "in the selection"
        if not place:
            raise no_face(where, "It is empty: select a face, or the whole picture.")
    faces = detector.detect(
        pixels, threshold=options.threshold, size=options.detection_size, progress=progress
    )
    if selection:
        faces = [face for face in faces if selection.touches(face)]
    elif options.region:
        faces = faces_in_region(faces, options.region)
    if faces:
        return faces
    if place and options.fallback:
        return [face_from_region(place)]
    way = "let it be taken for the face" if place else "give the face's region"
    raise no_face(where, f"Lower the detection threshold, or {way}.")


def no_face(where: str, hint: str) -> GpenError:
    """The error, with what to do about it."""
    return GpenError("no_face", f"No face was found {where}.", hint)
