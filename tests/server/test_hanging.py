"""An engine that is stopped in the middle of its work, as a whole process."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from serving import answers, restored, status_of, until

from gpen_engine import GpenError
from gpen_engine.wire import EngineHome, Progress, client


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_client_gives_it_up_and_it_works_when_it_comes_back(
    start: Callable[[], subprocess.Popen[bytes]],
    engine_home: EngineHome,
    face: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = start()
    until(lambda: answers(engine_home) and status_of(engine_home).state == "idle", 60)

    def freeze(step: Progress) -> None:
        if step.stage == "detect":
            process.send_signal(signal.SIGSTOP)

    patience = client.SILENCE
    monkeypatch.setattr(client, "SILENCE", 2.0)
    with pytest.raises(GpenError) as stuck:
        restored(engine_home, face, progress=freeze)
    assert stuck.value.code == "engine_stuck"
    assert f"process {process.pid}" in stuck.value.sentence
    monkeypatch.setattr(client, "SILENCE", patience)
    process.send_signal(signal.SIGCONT)
    assert len(restored(engine_home, face)[0].faces) == 1
