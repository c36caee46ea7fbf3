"""A session that breaks off anywhere goes on in another, and every word comes once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, Hypothesis, Job, StreamOptions
from livestt.engines.scripted import ScriptedEngine, ScriptedWord
from livestt.events import Word
from livestt.policies import PolicyName, choose
from livestt.session import Session
from livestt.store.entries import Resumed, Stored
from livestt.store.resuming import Resumption
from livestt.vad import FRAME
from livestt.window import Before

from .engines import NativeEngine, NativeState
from .lawbook import LawBook
from .rig import HIGH, LOW, PACE, SPOKEN, TUNING

AUDIO = AudioFormat("s16le", 16_000, 1)
STEP = 8
"""Frames that arrive together."""
runs = st.lists(st.tuples(st.integers(8, 160), st.integers(20, 200)), min_size=1, max_size=4)


class Talk:
    """Speech and silence, and the words in it."""

    def __init__(self, runs: list[tuple[int, int]]) -> None:
        self.levels: list[float] = []
        self.script: list[ScriptedWord] = []
        for speech, silence in runs:
            begin = len(self.levels) * FRAME
            self.levels += [HIGH] * speech + [LOW] * silence
            for at in range(begin, begin + speech * FRAME - SPOKEN + 1, PACE):
                self.script.append(ScriptedWord(f" word{len(self.script)}", at, at + SPOKEN))

    def heard_from(self, origin: int) -> list[float]:
        """The same, to somebody who hears from this sample on."""
        frames = range(origin, len(self.levels) * FRAME, FRAME)
        return [
            self.levels[min(at + FRAME // 2, len(self.levels) * FRAME - 1) // FRAME]
            for at in frames
        ]

    def words_from(self, origin: int) -> list[ScriptedWord]:
        return [replace(w, start=w.start - origin, end=w.end - origin) for w in self.script]


class Half:
    """A session with its engine."""

    def __init__(self, policy: PolicyName, talk: Talk, origin: int, before: Before) -> None:
        script = talk.words_from(origin)
        scripted = ScriptedEngine(script=script)
        self._native = native = policy == "native"
        capabilities: Capabilities = NativeEngine.capabilities if native else scripted.capabilities
        self._answer: Callable[[Job], Hypothesis] = (
            NativeEngine(script).answer if native else lambda job: scripted.run([job])[0]
        )
        self.levels = talk.heard_from(origin)
        self.session = Session(
            NativeState() if native else None,
            capabilities,
            choose(policy, capabilities),
            StreamOptions(language="en"),
            tuning=TUNING,
            before=before,
        )
        self.book = LawBook()
        self._origin = origin
        self.cuts: list[int] = []
        """Where a native engine was told that no more would come, or anybody was flushed."""

    def hear(self, frames: int, flushes: frozenset[int] = frozenset()) -> None:
        for at in range(0, min(frames, len(self.levels)), STEP):
            levels = self.levels[at : min(at + STEP, frames)]
            samples = np.zeros(len(levels) * FRAME, np.float32)
            self.session.receive_audio(samples, np.array(levels, np.float32))
            if at // STEP in flushes:
                self.book.flushes.append(None)
                self.cuts.append(self._origin + self.session.received)
                self.session.receive_flush()
            self.work()

    def work(self) -> None:
        self.book.take(self.session.take_events())
        while (job := self.session.next_job()) is not None:
            assert all(word.end > job.start for word in job.prefix)
            if job.final and self._native:
                self.cuts.append(self._origin + job.end)
            self.session.receive_hypothesis(job, self._answer(job))
            self.book.take(self.session.take_events())

    def end(self) -> None:
        self.session.receive_end()
        self.work()


def left_behind(half: Half) -> Resumed:
    """What a store would have of it."""
    progress, words = half.book.progress, tuple(half.book.words)
    now = datetime.now(UTC)
    row = Stored(
        "id", now, now, None, "", None, "en", "", "", {}, {}, {}, progress.received,
        progress.committed, len(words), 0, 1,
    )  # fmt: skip
    return Resumed(row, (), 0, len(words), words, words[-1].end if words else 0)


@pytest.mark.parametrize("policy", ["alignatt", "localagreement", "utterance", "native"])
@given(runs=runs, stop=st.integers(0, 800), flushes=st.frozensets(st.integers(0, 100), max_size=3))
def test_every_word_comes_once(
    policy: PolicyName, runs: list[tuple[int, int]], stop: int, flushes: frozenset[int]
) -> None:
    talk = Talk(runs)
    first = Half(policy, talk, 0, Before())
    first.hear(stop)
    resumption = Resumption(left_behind(first), AUDIO)
    second = Half(policy, talk, resumption.first, resumption.before)
    second.hear(len(second.levels), flushes)
    second.end()
    later = [_moved(word, resumption.first) for word in second.book.words]
    told = [*first.book.words, *later]
    assert all(a.end <= b.start for a, b in pairwise(told))
    cuts = first.cuts + second.cuts
    whole = [w.text for w in talk.script if not any(w.start < cut < w.end for cut in cuts)]
    assert [word.text for word in told if word.text in set(whole)] == whole


def _moved(word: Word, by: int) -> Word:
    return replace(word, start=word.start + by, end=word.end + by)
