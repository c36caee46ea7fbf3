"""What a session's memory keeps. That it is what NeMo keeps is tested in test_sortformer."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.speakers.sortformer_state import CachePolicy, Memory, forget, remember

SIZE = 3
POLICY = CachePolicy(speakers=2, cache=12, fifo=6, update=4, silence_per_speaker=1)


def frames(*numbers: int) -> np.ndarray:
    """Embeddings that can be told apart."""
    return np.repeat(np.array(numbers, np.float32)[:, None], SIZE, axis=1)


def numbers(embeddings: np.ndarray) -> list[int]:
    return embeddings[:, 0].astype(int).tolist()


class Session:
    """Feeds chunks of numbered frames, each spoken by a speaker of choice; None is silence."""

    def __init__(self, policy: CachePolicy = POLICY, silence: np.ndarray | None = None) -> None:
        self.policy = policy
        self.memory = forget(SIZE, silence)
        self.speakers: dict[int, int | None] = {}
        self.next = 1

    def opinion(self, memory: Memory, chunk: np.ndarray, left: int) -> np.ndarray:
        shown = numbers(memory.before(np.concatenate([frames(*[0] * left), chunk])))
        said = np.full((len(shown), self.policy.speakers), 0.05, np.float32)
        for row, number in enumerate(shown):
            speaker = self.speakers.get(number)
            if speaker is not None:
                said[row, speaker] = 0.9
        return said

    def say(self, *speakers: int | None, left: int = 0) -> Memory:
        new = range(self.next, self.next + len(speakers))
        self.speakers |= dict(zip(new, speakers, strict=True))
        self.next += len(speakers)
        chunk = frames(*new)
        said = self.opinion(self.memory, chunk, left)
        self.memory = remember(self.policy, self.memory, chunk, said, left)
        return self.memory


def test_chunks_wait_in_the_queue() -> None:
    session = Session()
    session.say(0, 0, 0)
    memory = session.say(1, 1, 1, left=2)
    assert numbers(memory.fifo) == [1, 2, 3, 4, 5, 6]
    assert len(memory.cache) == 0


def test_the_oldest_move_to_the_cache_when_the_queue_overflows() -> None:
    session = Session()
    session.say(0, 0, 0, 0, 0)
    memory = session.say(1, 1)
    assert numbers(memory.cache) == [1, 2, 3, 4]
    assert numbers(memory.fifo) == [5, 6, 7]
    assert memory.cached is None


def test_a_long_chunk_empties_the_queue() -> None:
    memory = Session(CachePolicy(2, cache=40, fifo=6, update=4)).say(*[0] * 30)
    assert (len(memory.cache), len(memory.fifo)) == (24, 6)


def test_compression_keeps_speakers_apart_and_in_order() -> None:
    session = Session()
    for speaker in (0, 1, 0, 1, 0, 1, 0, 1):
        memory = session.say(speaker, speaker, speaker)
    kept = [(session.speakers.get(number), number) for number in numbers(memory.cache)]
    assert len(kept) == POLICY.cache
    runs = [speaker for speaker, _ in groupby(kept, key=lambda frame: frame[0])]
    assert runs == [0, None, 1, None]
    for speaker in (0, 1):
        mine = [number for who, number in kept if who == speaker]
        assert mine == sorted(set(mine))


def test_somebody_who_is_long_silent_keeps_places() -> None:
    session = Session()
    session.say(1, 1, 1, 1)
    for _ in range(40):
        memory = session.say(0, 0, 0)
    kept = [session.speakers.get(number) for number in numbers(memory.cache)]
    assert kept.count(1) >= int(POLICY.places * POLICY.strong_boost)


def test_silence_is_the_mean_of_silent_frames() -> None:
    session = Session()
    memory = session.say(None, 0, None, 0, 0, 0, 0)
    assert memory.silent == 2
    assert numbers(memory.silence[None]) == [2]


def test_learned_silence_stays() -> None:
    learned = np.full(SIZE, 7, np.float32)
    session = Session(silence=learned)
    for _ in range(8):
        memory = session.say(None, 0, None)
    np.testing.assert_array_equal(memory.silence, learned)
    assert 7 in numbers(memory.cache)


@given(st.lists(st.lists(st.sampled_from([None, 0, 1]), min_size=1, max_size=9), max_size=12))
def test_nothing_grows_past_its_bound(chunks: list[list[int | None]]) -> None:
    session = Session()
    for chunk in chunks:
        before = session.memory
        memory = session.say(*chunk)
        assert len(memory.cache) <= POLICY.cache
        assert len(memory.fifo) <= POLICY.fifo
        assert memory.cached is None or len(memory.cached) == len(memory.cache)
        if len(memory.cache) == len(before.cache) and not numbers(memory.cache):
            assert numbers(memory.fifo)[-len(chunk) :] == list(
                range(session.next - len(chunk), session.next)
            )


@pytest.mark.parametrize("cache", [8, 12, 20])
def test_places_are_shared(cache: int) -> None:
    policy = CachePolicy(speakers=4, cache=cache, fifo=4, update=4, silence_per_speaker=1)
    assert policy.places == cache // 4 - 1
