"""Squares around faces, as somebody draws them in a picture: with the pointer or with keys."""

from __future__ import annotations

from typing import NamedTuple

LEAST = 6.0
"""Side of the smallest that is kept, in pixels of the picture as it is shown; a pointer that moved
less was a click."""
STEP = 0.125
"""Part of its side by which a key moves a square, or lets it grow."""


class Square(NamedTuple):
    """In pixels of a picture as it is shown, all of it inside: left, top and the side."""

    x: float
    y: float
    side: float

    @classmethod
    def in_the_middle(cls, side: float, room: tuple[int, int]) -> Square:
        """One of about this side.

        Args:
            side: what is wanted.
            room: width and height of the picture.
        """
        side = _within(side, room)
        return cls((room[0] - side) / 2, (room[1] - side) / 2, side)

    @classmethod
    def drawn(
        cls, begun: tuple[float, float], end: tuple[float, float], room: tuple[int, int]
    ) -> Square:
        """The one that a pointer draws; it may be smaller than ``LEAST``.

        Args:
            begun: the corner where the pointer began, inside of the picture.
            end: where it is, anywhere.
            room: width and height of the picture.
        """
        (x, y), right, down = begun, end[0] >= begun[0], end[1] >= begun[1]
        free = min((room[0] - x) if right else x, (room[1] - y) if down else y)
        side = max(0.0, min(max(abs(end[0] - x), abs(end[1] - y)), free))
        return cls(x if right else x - side, y if down else y - side, side)

    def moved(self, right: int, down: int, room: tuple[int, int]) -> Square:
        """By so many steps; it stops at the picture's edges."""
        step = max(1.0, STEP * self.side)
        return self._at(self.x + right * step, self.y + down * step, room)

    def resized(self, steps: int, room: tuple[int, int]) -> Square:
        """Larger by so many steps, or smaller if they are negative, around its middle, as far as
        the picture's edges allow."""
        side = _within(self.side * (1 + STEP) ** steps, room)
        shift = (self.side - side) / 2
        return Square(0, 0, side)._at(self.x + shift, self.y + shift, room)

    def _at(self, x: float, y: float, room: tuple[int, int]) -> Square:
        x, y = (min(max(place, 0.0), most - self.side) for place, most in zip((x, y), room))
        return Square(x, y, self.side)


def _within(side: float, room: tuple[int, int]) -> float:
    return min(max(side, LEAST), *room)
