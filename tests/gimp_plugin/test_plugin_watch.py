from __future__ import annotations

import time

from engine_stand_in import serving
from engine_watch import EngineWatch, News

from gpen_engine.wire import EngineHome

SOON = 5.0


def news_until(watch: EngineWatch, state: str) -> News:
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        news = watch.news()
        if news and news.state == state:
            return news
        time.sleep(0.002)
    raise AssertionError(f"never {state}")


def test_it_sees_an_engine_come_and_go(home: EngineHome) -> None:
    watch = EngineWatch(home, every=0.01)
    watch.begin()
    assert news_until(watch, "stopped") == News("stopped")
    with serving(home):
        status = news_until(watch, "running").status
        assert status
        assert status.device == "cpu"
    news_until(watch, "stopped")
    watch.end()


def test_it_stops_an_engine(home: EngineHome) -> None:
    with serving(home) as engine:
        watch = EngineWatch(home, every=0.01)
        watch.begin()
        news_until(watch, "running")
        watch.order("stop")
        assert engine.stopped.wait(SOON)
        watch.end()


def test_an_engine_that_cannot_be_started_is_explained(home: EngineHome) -> None:
    watch = EngineWatch(home, every=0.01)
    watch.begin()
    assert news_until(watch, "stopped").trouble == ""
    watch.order("start")
    end = time.monotonic() + SOON
    while "install.py" not in news_until(watch, "stopped").trouble:
        assert time.monotonic() < end
    watch.end()


def test_asking_starts_no_engine_where_the_system_would(home: EngineHome) -> None:
    """There somebody always listens; only a locked lock shows that it is the engine."""
    watch = EngineWatch(home, every=0.01)
    with serving(home):
        home.autostart.touch()
        watch.begin()
        assert news_until(watch, "stopped") == News("stopped")
        time.sleep(0.05)
        assert (watch.news() or News("stopped")).state == "stopped"
        home.lock.touch()
        news_until(watch, "running")
        watch.end()
