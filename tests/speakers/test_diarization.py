"""A session's speakers, by hand and under the law that neither pieces nor delays matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Flushed,
    Progress,
    SpeakerTurn,
    Voice,
    Warned,
    Word,
)
from livestt.speakers import Activity, DiarizerCapabilities, DiarizerJob
from livestt.speakers.diarization import MAX_FAILURES, Diarization
from livestt.speakers.listening import AT_ONCE, SILENCE_CREDIT, SILENCE_SHARE
from livestt.timebase import from_ms, from_seconds
from livestt.vad import FRAME as HEARD_AT_ONCE

FRAME = from_ms(80)
STEP = 6 * FRAME
LATENCY = 13 * FRAME
CAPABILITIES = DiarizerCapabilities("test", "none", 2, FRAME, STEP, LATENCY)


@dataclass
class Model:
    """A diarizer that reads in each sample when it was said: samples count."""

    turns: Sequence[tuple[int, int, int]]
    heard: list[np.ndarray] = field(default_factory=list)
    answered: int = 0

    def answer(self, job: DiarizerJob) -> Activity:
        self.heard.append(job.audio)
        audio = np.concatenate(self.heard)
        ready = len(audio) if job.final else len(audio) - LATENCY + STEP
        steps = max(0, ready // STEP * STEP)
        until = -(-len(audio) // FRAME) * FRAME if job.final else steps
        start, self.answered = self.answered, max(self.answered, until)
        rows = [self._row(int(audio[at])) for at in range(start, self.answered, FRAME)]
        return Activity(start, FRAME, np.array(rows, np.float32).reshape(-1, 2))

    def _row(self, at: int) -> list[float]:
        return [
            max([0.0, *(0.9 for who, a, b in self.turns if who == i and a <= at < b)])
            for i in (0, 1)
        ]


class Rig:
    def __init__(self, *turns: tuple[int, int, int]) -> None:
        self.model = Model(turns)
        self.speakers = Diarization(None, CAPABILITIES)
        self.events: list[Event] = []
        self.received = 0
        self.job: DiarizerJob | None = None

    def receive(self, levels: Sequence[float]) -> None:
        samples = np.arange(self.received, self.received + len(levels) * HEARD_AT_ONCE)
        self.received += len(samples)
        self.speakers.receive_audio(samples.astype(np.float32), levels)
        self.say(Progress(self.received, 0, 0))

    def say(self, *events: Event) -> None:
        self.events += self.speakers.follow(events)

    def commit(self, *starts: float) -> None:
        """Words that begin at these seconds, and none between."""
        self.say(words(*starts), Progress(self.received, self.received, self.received))

    def flush(self, *said: Committed) -> None:
        """The session answers at once, with words that were not committed before."""
        self.speakers.receive_flush()
        self.say(*said, Progress(self.received, self.received, self.received), Flushed(None))

    def ask(self) -> bool:
        self.job = self.job or self.speakers.next_job()
        return self.job is not None

    def answer(self) -> None:
        assert self.job is not None
        job, self.job = self.job, None
        self.speakers.receive_activity(job, self.model.answer(job))
        self.say()

    def fail(self) -> None:
        assert self.job is not None
        job, self.job = self.job, None
        self.speakers.receive_failure(job, "it was told to")
        self.say()

    def work(self) -> None:
        while self.ask():
            self.answer()

    def end(self) -> None:
        self.speakers.receive_end()
        self.say(Ended(self.received))
        self.work()

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def voices(self) -> list[Voice]:
        voices: list[Voice] = []
        for event in self.events:
            if isinstance(event, Attributed):
                voices[event.first : event.first + len(event.voices)] = event.voices
        return voices


def words(*starts: float) -> Committed:
    return Committed(
        tuple(Word(" x", from_seconds(s), from_seconds(s) + from_ms(300)) for s in starts)
    )


def seconds(of: float, level: float = 0.9) -> list[float]:
    return [level] * round(from_seconds(of) / HEARD_AT_ONCE)


def turn(who: int, start: float, end: float) -> tuple[int, int, int]:
    return who, from_seconds(start), from_seconds(end)


class TestASession:
    def test_words_get_their_speaker_while_people_talk(self) -> None:
        rig = Rig(turn(0, 0, 2), turn(1, 2, 6))
        rig.receive(seconds(6))
        rig.commit(0.5, 1.0, 3.0)
        rig.work()
        assert [voice.speaker for voice in rig.voices()] == [1, 1, 2]
        assert not rig.of(Ended)

    def test_it_says_first_that_it_is_there_and_ended_last(self) -> None:
        rig = Rig(turn(0, 0, 2))
        rig.receive(seconds(2))
        rig.commit(0.5)
        rig.end()
        assert rig.events[0] == Diarized(0)
        assert isinstance(rig.events[-1], Ended)
        assert rig.speakers.done
        assert rig.of(SpeakerTurn) == [SpeakerTurn(1, 0, from_seconds(2))]

    def test_an_end_without_audio_needs_no_diarizer(self) -> None:
        rig = Rig()
        rig.end()
        assert rig.events == [Diarized(0), Ended(0)]
        assert not rig.model.heard

    def test_silence_is_not_heard_and_has_no_speaker(self) -> None:
        rig = Rig(turn(0, 0, 2), turn(0, 60.5, 61))
        rig.receive([*seconds(2), *seconds(58, 0.0)])
        rig.work()
        heard = sum(map(len, rig.model.heard))
        assert heard < from_seconds(5)
        assert rig.of(Diarized)[-1].at > from_seconds(59)  # type: ignore[union-attr]
        rig.receive(seconds(2))
        rig.end()
        assert [(t.start // FRAME, t.end // FRAME) for t in rig.of(SpeakerTurn)] == [  # type: ignore[union-attr]
            (0, 25),
            (756, 762),
        ]

    def test_a_flush_is_answered_though_nothing_follows(self) -> None:
        rig = Rig(turn(0, 0, 2), turn(1, 2, 6))
        rig.receive(seconds(3))
        rig.flush(words(0.5, 1.5, 2.6))
        rig.work()
        assert [voice.speaker for voice in rig.voices()] == [1, 1, 2]
        rig.receive(seconds(3))
        rig.flush(words(3.1, 5.5))
        rig.flush()
        rig.work()
        assert [voice.speaker for voice in rig.voices()] == [1, 1, 2, 2, 2]
        rig.end()
        assert rig.of(SpeakerTurn) == [
            SpeakerTurn(1, 0, from_seconds(2)),
            SpeakerTurn(2, from_seconds(2), rig.received // FRAME * FRAME),
        ]

    def test_who_flushes_all_the_time_gets_no_more_silence_than_that(self) -> None:
        rig = Rig(turn(0, 0, 100))
        for _ in range(1000):
            rig.receive([0.9] * 3)
            rig.flush()
            rig.work()
        rig.commit(95.0)
        rig.end()
        assert [voice.speaker for voice in rig.voices()] == [1]
        heard = sum(map(len, rig.model.heard))
        assert heard <= SILENCE_CREDIT + (2 + SILENCE_SHARE) * rig.received

    def test_words_after_a_flush_do_not_wait_for_a_diarizer_that_is_late(self) -> None:
        rig = Rig(turn(0, 0, 9))
        rig.receive(seconds(3))
        assert rig.ask()
        rig.flush(words(0.5))
        rig.commit(2.6)
        assert not rig.voices()
        rig.speakers.receive_delay()
        rig.say()
        assert rig.voices() == [Voice(None), Voice(None)]
        rig.answer()
        rig.end()
        assert [voice.speaker for voice in rig.voices()] == [1, 1]

    def test_words_behind_a_flush_are_nobodys_once_the_diarizer_is_given_up(self) -> None:
        rig = Rig(turn(0, 0, 9))
        rig.receive(seconds(3))
        assert rig.ask()
        rig.flush(words(0.5))
        rig.commit(2.6)
        rig.speakers.give_up("it was told to")
        rig.say()
        assert rig.voices() == [Voice(None), Voice(None)]

    def test_a_diarizer_that_fails_is_asked_again(self) -> None:
        rig = Rig(turn(0, 0, 3))
        rig.receive(seconds(3))
        rig.commit(0.5)
        for _ in range(MAX_FAILURES - 1):
            assert rig.ask()
            rig.fail()
        rig.end()
        assert [voice.speaker for voice in rig.voices()] == [1]
        assert not rig.of(Warned)

    def test_one_that_keeps_failing_is_given_up_and_words_go_on(self) -> None:
        rig = Rig(turn(0, 0, 3))
        rig.receive(seconds(3))
        rig.commit(0.5)
        for _ in range(MAX_FAILURES):
            assert rig.ask()
            rig.fail()
        rig.commit(1.0)
        assert [voice.speaker for voice in rig.voices()] == [None, None]
        assert [event.code for event in rig.of(Warned)] == ["diarization_error"]  # type: ignore[union-attr]
        rig.receive(seconds(1))
        rig.end()
        assert isinstance(rig.events[-1], Ended)

    def test_who_is_far_behind_catches_up_by_pieces(self) -> None:
        rig = Rig(turn(0, 0, 33))
        rig.receive(seconds(33))
        rig.end()
        sizes = [len(audio) for audio in rig.model.heard]
        assert max(sizes) <= AT_ONCE < sum(sizes) == rig.received

    def test_how_far_the_diarizer_is_behind(self) -> None:
        rig = Rig(turn(0, 0, 3))
        rig.receive(seconds(3))
        assert rig.speakers.lag == rig.received
        rig.work()
        assert rig.speakers.lag == 0


stretches = st.lists(st.tuples(st.integers(1, 120), st.sampled_from([0.9, 0.0])), max_size=6)
speech = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 200), st.integers(1, 60)), max_size=6)


@settings(deadline=None)
@given(stretches, speech, st.lists(st.integers(0, 100)), st.data())
def test_neither_pieces_nor_delays_matter(
    loud: list[tuple[int, float]],
    spoken: list[tuple[int, int, int]],
    said: list[int],
    data: st.DataObject,
) -> None:
    levels = [level for count, level in loud for _ in range(count)]
    turns = [(who, a * FRAME, (a + n) * FRAME) for who, a, n in spoken]
    total = len(levels) * HEARD_AT_ONCE
    starts = [s for s in sorted({s * 4 * FRAME for s in said}) if s + 3 * FRAME <= total]
    uttered = Committed(tuple(Word(" x", start, start + 3 * FRAME) for start in starts))
    whole, pieces = Rig(*turns), Rig(*turns)
    whole.receive(levels)
    whole.say(uttered)
    whole.end()
    at = 0
    while at < len(levels):
        count = data.draw(st.integers(1, 60))
        pieces.receive(levels[at : at + count])
        at += count
        for _ in range(data.draw(st.integers(0, 3))):
            if pieces.ask() and data.draw(st.booleans()):
                pieces.answer()
    pieces.say(uttered)
    pieces.end()
    if pieces.job:
        pieces.answer()
        pieces.work()
    assert pieces.of(SpeakerTurn) == whole.of(SpeakerTurn)
    assert pieces.voices() == whole.voices()
    assert len(whole.voices()) == len(starts)
    for rig in (whole, pieces):
        assert isinstance(rig.events[-1], Ended)
        assert sum(isinstance(event, Ended) for event in rig.events) == 1
        known = [event.at for event in rig.events if isinstance(event, Diarized)]
        assert known == sorted(set(known))


@settings(deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.9, 0.0])), max_size=4)),
    speech,
    st.data(),
)
def test_flushes_are_answered_and_delays_do_not_matter(
    stretches: list[list[tuple[int, float]]],
    spoken: list[tuple[int, int, int]],
    data: st.DataObject,
) -> None:
    turns = [(who, a * FRAME, (a + n) * FRAME) for who, a, n in spoken]
    prompt, late = Rig(*turns), Rig(*turns)
    uttered = 0
    for stretch in stretches:
        levels = [level for count, level in stretch for _ in range(count)]
        begin, end = prompt.received, prompt.received + len(levels) * HEARD_AT_ONCE
        starts = range(begin, end - 3 * FRAME, 7 * FRAME)
        said = Committed(tuple(Word(" x", start, start + 3 * FRAME) for start in starts))
        for rig in (prompt, late):
            rig.receive(levels)
            rig.flush(*[said][: len(starts)])
        prompt.work()
        uttered += len(starts)
        assert len(prompt.voices()) == uttered
        for _ in range(data.draw(st.integers(0, 3))):
            if late.ask() and data.draw(st.booleans()):
                late.answer()
    for rig in (prompt, late):
        if rig.job:
            rig.answer()
        rig.end()
        assert isinstance(rig.events[-1], Ended)
    assert late.of(SpeakerTurn) == prompt.of(SpeakerTurn)
    assert late.voices() == prompt.voices()
    assert len(late.voices()) == uttered
