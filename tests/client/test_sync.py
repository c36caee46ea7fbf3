"""The blocking client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from server.running import Running, wait_until

from livestt.client import transcribe
from livestt.client.address import Refused

from .conftest import AUDIO, TEXT, loses_count, vanishes


def test_a_whole_session(server: Running) -> None:
    seen = [(state.committed_text, state.finished) for state in transcribe(server.http, AUDIO)]
    assert seen[-1] == (TEXT, True)
    assert [text for text, _ in seen] == sorted((text for text, _ in seen), key=len)


def test_no_audio_at_all(server: Running) -> None:
    assert [state.finished for state in transcribe(server.http, [])][-1]


def test_a_client_that_lost_count_asks_for_a_snapshot(peer: Callable[..., str]) -> None:
    *_, last = transcribe(peer(loses_count), AUDIO)
    assert [line.id for line in last.lines] == [0, 1, 2]
    assert last.finished


def test_a_server_that_vanishes_ends_the_iteration_unfinished(peer: Callable[..., str]) -> None:
    states = list(transcribe(peer(vanishes), AUDIO))
    assert not states[-1].finished
    wait_until(lambda: "livestt-sender" not in [t.name for t in threading.enumerate()])


def test_an_error_in_the_audio_reaches_the_caller_after_the_words(server: Running) -> None:
    def broken() -> Iterator[bytes]:
        yield from AUDIO
        raise RuntimeError("the microphone was unplugged")

    seen = []
    with pytest.raises(RuntimeError, match="unplugged"):
        seen.extend(state.committed_text for state in transcribe(server.http, broken()))
    assert seen[-1] == TEXT


def test_leaving_early_ends_the_session(server: Running) -> None:
    released = threading.Event()

    def microphone() -> Iterator[bytes]:
        while not released.wait(0.01):
            yield AUDIO[0]

    states = transcribe(server.http, microphone())
    next(states)
    states.close()
    wait_until(lambda: len(server.sessions) == 0)
    released.set()


def test_refusals(server: Running) -> None:
    with pytest.raises(Refused) as refused:
        list(transcribe(server.http, [], language="tlh"))
    assert refused.value.status == 400
