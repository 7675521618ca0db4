"""The one error that users see."""

from __future__ import annotations


class GpenError(Exception):
    """Something went wrong that a user can understand and usually mend.

    Attributes:
        code: short stable name for programs (``no_face``, ``bad_checkpoint``, ``cancelled`` ...).
        sentence: one plain sentence that says what happened.
        hint: what to do about it; may be empty.
    """

    def __init__(self, code: str, sentence: str, hint: str = "") -> None:
        super().__init__(code, sentence, hint)
        self.code = code
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".rstrip()
