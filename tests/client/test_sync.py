"""The blocking client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from server.engines import Watched
from server.running import Running, wait_until

from livestt.access.keys import digest_of
from livestt.bench.bad_network import BadNetwork, Trouble
from livestt.client import transcribe
from livestt.client.address import Refused
from livestt.engines.scripted import script_of
from livestt.engines.spelled import SpelledEngine, recording
from livestt.server.timing import Timing
from livestt.settings import Settings

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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lost_connections_cost_no_word(seed: int) -> None:
    """A network that cuts connections, and audio that says what of it arrived."""
    count = 200
    pcm = recording(count)
    pieces = [pcm[at : at + 4001] for at in range(0, len(pcm), 4001)]
    settings = Settings(port=0, vad=False, store="none", resume_seconds=60)
    trouble = Trouble(cut=0.03, most_cuts=6)
    with (
        Running(SpelledEngine(), settings, Timing()) as server,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(BadNetwork(server.port, trouble, seed).open()) as network,
    ):
        url = f"ws://127.0.0.1:{network.port}"
        seen = [state.committed_text for state in transcribe(url, pieces, reconnect=60)]
    assert seen[-1] == " ".join(f"w{i}" for i in range(1, count + 1))
    assert trouble.cuts


def test_a_key_goes_in_a_header(tmp_path: Path) -> None:
    secret = "a-key-of-more-than-16-characters"
    keys = tmp_path / "keys"
    keys.write_text(f"me:transcribe:sha256={digest_of(secret)}\n", encoding="utf-8")
    settings = Settings(port=0, vad=False, store="none", api_keys_file=str(keys))
    with Running(Watched(script_of(TEXT)), settings, Timing()) as server:
        with pytest.raises(Refused) as refused:
            list(transcribe(server.http, AUDIO))
        *_, last = transcribe(server.http, AUDIO, key=secret)
    assert refused.value.status == 401
    assert last.committed_text == TEXT


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
