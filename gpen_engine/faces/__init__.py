"""Faces in pictures: found, aligned to crops, and pasted back. Geometry and facexlib's networks."""

from .detection import Detector, Face
from .patch import Patch

__all__ = ["Detector", "Face", "Patch"]
