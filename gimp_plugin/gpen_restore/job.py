"""One restoration, from sending the picture to the patches that come back."""

from __future__ import annotations

from collections.abc import Iterator

from talk import Outcome, Talk

from gpen_engine.wire import Engine


class Job(Talk):
    """A restoration that begins at once."""

    def _talk(self, engine: Engine, pixels: Iterator[bytes], selection: Iterator[bytes]) -> Outcome:
        return engine.restore(
            self._picture.request,
            pixels,
            selection,
            progress=self.news.put,
            cancelled=self._cancelled.is_set,
        )
