"""Downloads from a server that breaks off, lies, stalls and sends elsewhere."""

from __future__ import annotations

import threading
import time

import pytest
import web_server as web
from downloading import CONTENT, OTHER, SIZE, fails, get, left
from web_server import Behaviour, Web

from gpen_engine.checkpoints import download as module
from gpen_engine.checkpoints.download import ATTEMPTS, Progress
from gpen_engine.checkpoints.part import Note, Part


def test_a_file_arrives_whole_and_its_progress_is_told(server: Web, part: Part) -> None:
    told: list[Progress] = []
    url = server.put("/model", CONTENT)
    assert get(part, url, progress=told.append) == url
    assert part.path.read_bytes() == CONTENT
    assert [p.total for p in told] == [SIZE] * len(told)
    assert told[0].done == 0
    assert told[-1].done == SIZE
    assert told[-1].rate > 0
    assert told[-1].left == 0


def test_seconds_left_follow_from_the_rate() -> None:
    assert Progress(100, 300, 50.0).left == 4
    assert Progress(100, None, 50.0).left is None
    assert Progress(100, 300, 0.0).left is None


def test_the_rate_is_that_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    told: list[Progress] = []
    meter = module._Meter(told.append, None)
    for second in range(20):  # 10 bytes a second at first, 1000 later
        now = float(second)
        meter.show(second * 10 if second < 10 else second * 1000)
    assert told[5].rate == 10
    assert told[-1].rate == 1000
    now += 0.01
    meter.show(0)
    assert len(told) == 20


@pytest.mark.parametrize("behaviour", [web.unmeasured, web.chunked])
@pytest.mark.parametrize("size", [SIZE, None])
def test_a_server_need_not_say_how_much_comes(
    server: Web, part: Part, behaviour: Behaviour, size: int | None
) -> None:
    get(part, server.put("/model", CONTENT, behaviour), size=size)
    assert part.path.read_bytes() == CONTENT


def test_broken_connections_are_taken_up_where_they_broke(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, *[web.breaks(9_000)] * 11)
    get(part, url)  # more breaks than attempts: each one brought the file further
    assert part.path.read_bytes() == CONTENT
    assert server.ranges() == [None, *(f"bytes={n}-" for n in range(9_000, SIZE, 9_000))]
    assert server.asked[1][1]["If-Range"] == web.tag(CONTENT)


def test_a_second_call_goes_on_where_the_first_stopped(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, web.breaks(60_000), web.status(404))
    error = fails(part, url)
    assert error.code == "download_failed"
    assert "the 0.1 MB that are here are kept" in error.hint
    assert part.length == 60_000
    server.asked.clear()
    get(Part(part.path), url)
    assert server.ranges() == ["bytes=60000-"]
    assert part.path.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_comes_anew(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, web.breaks(60_000), *[web.status(404)])
    fails(part, url)
    server.put("/model", OTHER)
    get(part, url)
    assert part.path.read_bytes() == OTHER


def test_a_server_that_ignores_ranges_begins_anew(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, web.breaks(60_000), web.ignores_range)
    get(part, url)
    assert server.ranges() == [None, "bytes=60000-"]
    assert part.path.read_bytes() == CONTENT


def test_without_a_version_and_a_sum_nothing_is_completed(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, web.unversioned(60_000))
    get(part, url)
    assert server.ranges() == [None, None]
    assert part.path.read_bytes() == CONTENT


def test_with_a_sum_to_come_a_mirror_may_complete(server: Web, part: Part) -> None:
    broken = server.put("/a", CONTENT, web.unversioned(60_000), web.status(404))
    get(part, broken, server.put("/b", CONTENT), checked=True)
    assert server.ranges() == [None, "bytes=60000-", "bytes=60000-"]
    assert "If-Range" not in server.asked[2][1]
    assert part.path.read_bytes() == CONTENT


def test_without_a_sum_a_mirror_begins_anew(server: Web, part: Part) -> None:
    broken = server.put("/a", OTHER, web.breaks(60_000), web.status(404))
    get(part, broken, server.put("/b", CONTENT))
    assert server.ranges() == [None, "bytes=60000-", None]
    assert part.path.read_bytes() == CONTENT


def test_a_part_that_is_whole_is_not_asked_for(server: Web, part: Part) -> None:
    part.path.write_bytes(CONTENT)
    part.write_note(Note("https://elsewhere.example/model", "", SIZE))
    get(part, server.put("/model", CONTENT), checked=True)
    assert server.asked == []


def test_nothing_beyond_the_end_means_whole(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT)
    part.path.write_bytes(CONTENT)
    part.write_note(Note(url, web.tag(CONTENT), None))
    get(part, url)
    assert server.ranges() == [f"bytes={SIZE}-"]
    assert part.path.read_bytes() == CONTENT


@pytest.mark.parametrize("excess", [1, 50_000])
def test_a_part_that_is_too_long_is_thrown_away(server: Web, part: Part, excess: int) -> None:
    url = server.put("/model", CONTENT)
    part.path.write_bytes(CONTENT + bytes(excess))
    part.write_note(Note(url, web.tag(CONTENT), None))
    get(part, url)
    assert server.ranges() == [f"bytes={SIZE + excess}-", None]
    assert part.path.read_bytes() == CONTENT


def test_a_416_for_the_whole_file_ends(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, *[web.status(416)] * ATTEMPTS)
    assert fails(part, url).code == "download_failed"
    assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("range_", "reason"),
    [
        ("bytes 0-9/10", "another version"),
        ("bytes 70000-99999/100000", "another version"),
        ("bytes 60000-99999/777777", "another version"),
        ("bytes 60000-99999", "makes no sense"),
        ("", "makes no sense"),
    ],
)
def test_a_wrong_part_of_the_file_is_not_appended(
    server: Web, part: Part, range_: str, reason: str
) -> None:
    wrong = web.status(206, Content_Range=range_)
    url = server.put("/model", CONTENT, web.breaks(60_000), wrong)
    if reason == "makes no sense":
        error = fails(part, url)
        assert reason in error.sentence
        assert part.path.read_bytes() == CONTENT[:60_000]
    get(part, url)
    assert part.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "note", ["", "{", "[]", '{"url": 5}', '{"url":"","validator":"","total":{}}']
)
def test_a_part_of_unknown_origin_is_thrown_away(server: Web, part: Part, note: str) -> None:
    part.path.write_bytes(OTHER[:60_000])
    part.path.with_name(f"{part.path.name}.json").write_text(note)
    get(part, server.put("/model", CONTENT), checked=True)
    assert server.ranges() == [None]
    assert part.path.read_bytes() == CONTENT


@pytest.mark.parametrize("length", [SIZE - 1, SIZE + 1, 3])
def test_a_lie_about_the_length_is_seen_when_the_size_is_known(
    server: Web, part: Part, length: int
) -> None:
    liar = server.put("/liar", CONTENT, web.claims(length))
    error = fails(part, liar, size=SIZE)
    assert error.sentence == (
        "The file could not be downloaded: 127.0.0.1 has another file"
        f" ({length} bytes instead of {SIZE})."
    )
    assert len(server.asked) == 1
    get(
        part, server.put("/liar", CONTENT, web.claims(length)), server.put("/b", CONTENT), size=SIZE
    )
    assert part.path.read_bytes() == CONTENT


def test_a_length_that_never_comes_ends(server: Web, part: Part) -> None:
    url = server.put("/liar", CONTENT, *[web.claims(2 * SIZE)] * ATTEMPTS * 2)
    assert fails(part, url).sentence.endswith("127.0.0.1 broke off.")
    assert len(server.asked) == ATTEMPTS


def test_more_than_the_file_has_is_not_stored(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT + b"!", web.unmeasured)
    assert "sends more than the file has" in fails(part, url, size=SIZE).sentence
    assert left(part) == set()


def test_a_stream_without_an_end_stops(
    server: Web, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", SIZE - 1)
    url = server.put("/model", CONTENT, web.unmeasured)
    assert "sends more than the file has" in fails(part, url).sentence


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_passing_faults_are_tried_again(server: Web, part: Part, code: int) -> None:
    get(part, server.put("/model", CONTENT, web.status(code), web.status(code)))
    assert len(server.asked) == 3
    assert part.path.read_bytes() == CONTENT


def test_silence_is_tried_again(server: Web, part: Part) -> None:
    get(part, server.put("/model", CONTENT, web.hangs_up, web.hangs_up))
    assert part.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (web.status(404), "127.0.0.1 has no such file (HTTP 404)"),
        (web.status(403), "127.0.0.1 does not allow the download (HTTP 403)"),
        (web.status(401), "127.0.0.1 refused (HTTP 401)"),
        (web.status(407), "127.0.0.1 is behind a proxy that wants a password (HTTP 407)"),
        (
            web.sends(b"<html>please log in", Content_Type="text/html"),
            "127.0.0.1 sent a web page instead of the file",
        ),
    ],
)
def test_lasting_faults_lead_to_the_mirror_at_once(
    server: Web, part: Part, behaviour: Behaviour, reason: str
) -> None:
    bad = server.put("/bad", CONTENT, behaviour, behaviour)
    assert fails(part, bad).sentence == f"The file could not be downloaded: {reason}."
    assert len(server.asked) == 1
    good = server.put("/good", CONTENT)
    assert get(part, bad, good) == good
    assert part.path.read_bytes() == CONTENT


def test_attempts_get_rarer_and_end(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, *[web.status(503)] * 10)
    began = time.monotonic()
    error = fails(part, url, backoff=0.02)
    assert len(server.asked) == ATTEMPTS
    assert time.monotonic() - began >= 0.02 * (1 + 2 + 4 + 8)
    assert error.sentence.endswith("127.0.0.1 refused (HTTP 503).")
    assert "HTTPS_PROXY" in error.hint


def test_a_server_may_ask_for_patience(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, web.status(503, Retry_After=1))
    began = time.monotonic()
    get(part, url)
    assert 1 <= time.monotonic() - began < 20


def test_nobody_there(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT)
    server.shutdown()
    server.socket.close()
    assert fails(part, url).sentence.endswith("127.0.0.1 refused the connection.")


def test_an_unknown_host(part: Part) -> None:
    error = fails(part, "https://no-such-host.invalid/model", backoff=0)
    assert "no-such-host.invalid" in error.sentence


def test_a_server_that_stalls_is_given_up(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, *[web.stalls] * ATTEMPTS)
    error = fails(part, url, patience=0.05)
    assert error.sentence.endswith("127.0.0.1 does not answer.")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_with_their_range(server: Web, part: Part, code: int) -> None:
    target = server.put("/target", CONTENT, web.breaks(60_000))
    url = server.put("/model", b"", *[web.status(code, Location=target)] * 2)
    get(part, url)
    assert part.path.read_bytes() == CONTENT
    assert server.ranges() == [None, None, "bytes=60000-", "bytes=60000-"]


def test_redirects_in_a_circle_end(server: Web, part: Part) -> None:
    url = server.put("/model", b"")
    server.put("/model", b"", *[web.status(302, Location=url)] * 99)
    assert fails(part, url).code == "download_failed"
    assert len(server.asked) < 20


@pytest.mark.parametrize("address", ["http://example.com/model", "file:///etc/passwd", "ftp://a/b"])
def test_what_others_can_read_or_change_is_refused(server: Web, part: Part, address: str) -> None:
    assert "not encrypted" in fails(part, address).sentence
    url = server.put("/model", b"", web.status(302, Location=address))
    error = fails(part, url)
    assert error.code == "download_failed"
    assert left(part) == set()


def test_a_proxy_of_the_environment_is_used(
    server: Web, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "")
    server.put("/model", CONTENT)
    get(part, "http://localhost:1/model")
    assert server.asked[0][0] == "http://localhost:1/model"
    assert part.path.read_bytes() == CONTENT


def test_a_proxy_that_is_none_is_said(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:no-port")
    monkeypatch.setenv("no_proxy", "")
    assert fails(part, "http://localhost:1/model").code == "download_failed"


@pytest.mark.parametrize("behaviour", [web.drips, web.stalls])
def test_cancelling_takes_no_time_and_keeps_the_part(
    server: Web, part: Part, behaviour: Behaviour
) -> None:
    url = server.put("/model", CONTENT, behaviour)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    error = fails(part, url, cancel=stop.is_set)
    assert time.monotonic() - began < 10
    assert error.code == "cancelled"
    kept = part.length
    assert part.path.exists() == (behaviour is web.drips)
    assert kept == 0 or part.path.read_bytes() == CONTENT[:kept]
    get(part, url)
    assert part.path.read_bytes() == CONTENT


def test_cancelling_between_attempts(server: Web, part: Part) -> None:
    url = server.put("/model", CONTENT, *[web.status(503)] * 9)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert fails(part, url, cancel=stop.is_set, backoff=60).code == "cancelled"


def test_a_progress_hook_may_stop_it(server: Web, part: Part) -> None:
    def stop(_: Progress) -> None:
        raise ConnectionResetError("whoever watched has left")

    with pytest.raises(ConnectionResetError):
        get(part, server.put("/model", CONTENT), progress=stop)
