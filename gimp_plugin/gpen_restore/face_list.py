"""The faces of a picture while the user chooses among them: what is known, asked and shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import stages
from choices import Faces, moved, overlap
from log import LOG
from look import Answer, Look
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import FaceInfo, Preview, Request

SAME = 0.5
"""Overlap from which on two boxes show one face."""
NOT_HERE = _("The model is not here yet; it is downloaded when you restore.")

Options = tuple[object, ...]


@dataclass(eq=False)
class Entry:
    """One face."""

    face: FaceInfo
    """In pixels of the layer, whose strength does not count."""
    ticked: bool = True
    strength: float = 1.0
    added: bool = False
    """By hand."""
    preview: Preview | None = None
    """Of the options that were asked for last; in pixels of what was sent."""
    asked: Options | None = None
    """Options of the preview, be it there or refused."""

    @property
    def wanted(self) -> FaceInfo:
        """With its strength."""
        return replace(self.face, strength=self.strength)


class FaceList:
    """Orders one thing after the other from the engine; the most urgent first.

    Args:
        origin: of the picture that is sent, in pixels of the layer.
        request: gives what the options of the dialog ask for now, and whether there can be
            previews: the model may have to be downloaded first.
        former: the faces of the run that is done again, in pixels of the layer.

    Attributes:
        entries: the faces, in the order of their numbers.
        selected: the one that is looked at.
        is_found: whether the search is over.
        text: what is being done, or what went wrong; empty when all is there.
        changed: called when the list, or a face's preview or tick, is another: with the face, or
            None for the whole list.
    """

    def __init__(
        self,
        origin: tuple[int, int],
        request: Callable[[], tuple[Request, bool]],
        former: Faces,
    ) -> None:
        self.entries: list[Entry] = []
        self.selected: Entry | None = None
        self.is_found = False
        self.text = ""
        self.changed: Callable[[Entry | None], None] = lambda _: None
        self._look: Look | None = None
        self._origin = origin
        self._request = request
        self._former = former
        self._removed: list[FaceInfo] = []
        self._drawn: list[FaceInfo] = []
        self._found_with: Options | None = None
        self._waiting_for: Entry | None = None
        self._busy = True  # until the picture is there

    def begin(self, look: Look) -> None:
        """From now on there is a conversation."""
        self._look = look

    def tick(self) -> None:
        """Takes what has come, and orders what is to be done next; to be called again and
        again."""
        look = self._look
        if look is None:
            return
        while not look.answers.empty():  # this is the only reader
            self._busy = False
            self._take(look.answers.get_nowait())
        if look.finished:
            self._failed(look)
            return
        if not self._busy:
            self._order_next(look)
        self._read_news(look)

    def choose(self, entry: Entry | None) -> None:
        """Its preview comes first."""
        self.selected = entry

    def tick_all(self, ticked: bool) -> None:
        for entry in self.entries:
            entry.ticked = ticked
        self.changed(None)

    def toggle(self, entry: Entry) -> None:
        """Ticks a face, or unticks it."""
        entry.ticked = not entry.ticked
        self.changed(entry)

    def beside(self, steps: int) -> Entry | None:
        """The face so many places behind the selected one, or before it if negative; the first or
        the last one where the list ends, None where it is empty."""
        if self.selected not in self.entries:
            return self.entries[0] if self.entries else None
        place = self.entries.index(self.selected) + steps
        return self.entries[min(max(place, 0), len(self.entries) - 1)]

    def mark(self, box: tuple[float, float, float, float]) -> None:
        """Adds the face in a square of the layer."""
        self._drawn.append(FaceInfo(box, (0.0,) * 10, 0.0))

    def remove(self, entry: Entry) -> None:
        place = self.entries.index(entry)
        self.entries.remove(entry)
        if not entry.added:
            self._removed.append(entry.face)
        if self.selected is entry:
            self.selected = self.entries[max(0, place - 1)] if self.entries else None
        self.changed(None)

    def chosen(self) -> Faces:
        """The faces to restore; None when those that are found are wanted as they are."""
        if not self.is_found:
            return self._former
        untouched = not self._removed and not any(
            entry.added or not entry.ticked or entry.strength != 1 for entry in self.entries
        )
        return None if untouched else tuple(e.wanted for e in self.entries if e.ticked)

    @property
    def is_empty(self) -> bool:
        """Whether the user wants none of the faces that there are."""
        return self.chosen() == ()

    def _take(self, answer: Answer) -> None:
        entry, self._waiting_for, self.text = self._waiting_for, None, ""
        if isinstance(answer.result, GpenError):
            LOG.info("%s: %s", answer.kind, answer.result)
            self.text = answer.result.sentence
        elif answer.kind == "find":
            self._found(moved(answer.result, *self._origin))
        elif answer.kind == "mark":
            (face,) = moved([answer.result], *self._origin)
            self.selected = Entry(face, added=True)
            self.entries.append(self.selected)
            self.changed(None)
        elif answer.kind == "preview" and entry in self.entries:
            entry.preview = answer.result
            self.changed(entry)

    def _found(self, faces: Sequence[FaceInfo]) -> None:
        """Lists what was found; what the user did with the same faces before stays so."""
        before, self.entries = self.entries, []
        for face in faces:
            if any(overlap(face, other) > SAME for other in self._removed):
                continue
            known = next((e for e in before if overlap(e.face, face) > SAME), None)
            if known:
                before.remove(known)
            self.entries.append(known or Entry(face))
        self.entries += [entry for entry in before if entry.added]
        if self._former is not None and not self.is_found:
            self._as_formerly(self._former)
        self.is_found = True
        if self.selected not in self.entries:
            self.selected = self.entries[0] if self.entries else None
        self.changed(None)

    def _as_formerly(self, former: Sequence[FaceInfo]) -> None:
        for entry in self.entries:
            entry.ticked = False
        for face in former:
            same = (e for e in self.entries if not e.ticked and overlap(e.face, face) > SAME)
            entry = next(same, None) or Entry(face, added=True)
            if entry not in self.entries:
                self.entries.append(entry)
            entry.face, entry.ticked, entry.strength = face, True, face.strength

    def _order_next(self, look: Look) -> None:
        request, can_preview = self._request()
        finding = (request.threshold, request.detection_size, request.fallback)
        if finding != self._found_with:
            self._found_with = finding
            self._order(look, "find", request)
        elif self._drawn:
            self._order(look, "mark", request, self._drawn.pop(0))
        elif can_preview:
            if self.text == NOT_HERE:  # of a model that is not chosen any more
                self.text = ""
            self._order_preview(look, request)
        elif self.entries:
            self.text = NOT_HERE

    def _order_preview(self, look: Look, request: Request) -> None:
        chosen = (request.template, request.keep_colours, request.match_grain, request.seed)
        options = (request.model, *chosen, request.guard)
        first = [self.selected] if self.selected else []
        entry = next((e for e in first + self.entries if e.asked != options), None)
        if entry:
            entry.asked = options
            self._waiting_for = entry
            self._order(look, "preview", request, entry.face)
            number = self.entries.index(entry) + 1
            self.text = _("Restoring face {number}…").format(number=number)

    def _order(self, look: Look, kind: str, request: Request, *faces: FaceInfo) -> None:
        x, y = self._origin
        self._busy, self.text = True, ""
        look.order(kind, replace(request, faces=moved(faces, -x, -y) if faces else None))

    def _failed(self, look: Look) -> None:
        try:
            look.result()
        except GpenError as error:
            self.text = error.sentence
        except BaseException as error:  # it is shown, when the restoration begins anew
            LOG.error("look", exc_info=error)

    def _read_news(self, look: Look) -> None:
        step = None
        while not look.news.empty():
            step = look.news.get_nowait()
        if not step or not self._busy:
            return
        if self._waiting_for is None or step.stage in ("waiting", "load"):
            self.text = stages.sentence(step)
