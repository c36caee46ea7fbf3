"""Where a session goes on in another process, and what it is called there."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Progress,
    SpeakerNamed,
    SpeakerTurn,
    SpeechStarted,
    Voice,
    Warned,
    Word,
)
from livestt.store import Asked, Store
from livestt.store.entries import Resumed, Stored
from livestt.store.recorder import Recorder
from livestt.store.resuming import (
    LOOK_BACK,
    Resumption,
    hear_from,
    resume_at,
    resumed_view,
    with_speakers,
)
from livestt.timebase import from_seconds
from livestt.transcript import Layout
from livestt.window import KEEP

from .conftest import AUDIO, opening, words, write

PCM = AudioFormat("s16le", 16_000, 1)
TELEPHONE = AudioFormat("mulaw", 8_000, 1)
gaps = st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 30_000)), max_size=80)


def said(*spans: tuple[float, float]) -> tuple[Word, ...]:
    return tuple(
        Word(f" w{i}", from_seconds(start), from_seconds(end), language="en")
        for i, (start, end) in enumerate(spans)
    )


def left(
    growing: tuple[Word, ...], committed: float = 0.0, received: float = 0.0, *, ended: bool = False
) -> Resumed:
    now = datetime.now(UTC)
    row = Stored(
        "a", now, now, now if ended else None, "", None, "en", "", "", AUDIO, {}, {2: "Ada"},
        from_seconds(received), from_seconds(committed), len(growing), 0, 2,
    )  # fmt: skip
    end = growing[-1].end if growing else 0
    return Resumed(row, (), 0, len(growing), growing, end, speakers=2)


class TestHearFrom:
    def test_between_two_words_a_little_before(self) -> None:
        spoken = said((0, 1), (1.2, 2), (2.2, 3), (3.4, 3.9))
        assert hear_from(spoken, from_seconds(3.9)) == from_seconds(2.1)

    def test_not_far_into_a_pause(self) -> None:
        spoken = said((0, 1), (20, 21))
        assert hear_from(spoken, from_seconds(21)) == from_seconds(20) - LOOK_BACK

    def test_a_session_that_has_just_begun_is_heard_from_its_beginning(self) -> None:
        assert hear_from(said((0.5, 1)), from_seconds(1)) == 0

    def test_where_nobody_spoke_nothing_is_heard_again(self) -> None:
        assert hear_from(said((0, 1)), from_seconds(5)) == from_seconds(5)
        assert hear_from((), from_seconds(5)) == from_seconds(5)

    @given(gaps, st.integers(0, 100_000))
    def test_no_word_is_cut_and_none_is_behind_it(
        self, spans: list[tuple[int, int]], silence: int
    ) -> None:
        edges = list(accumulate(length for span in spans for length in span))
        spoken = [Word(" w", a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        at = (edges[-1] if edges else 0) + silence
        start = hear_from(spoken, at)
        assert 0 <= start <= at
        assert not [word for word in spoken if word.start < start < word.end]
        assert all(word.start >= start for word in spoken if word.end > at - KEEP)


class TestResumption:
    def test_words_before_count_from_where_it_is_heard(self) -> None:
        resumption = Resumption(left(said((0, 1), (1, 2), (2.2, 3))), PCM)
        assert resumption.first == from_seconds(1)
        before = resumption.before
        assert [(w.start, w.end) for w in before.words[-2:]] == [(0, 16_000), (19_200, 32_000)]
        assert (before.committed, before.language) == (32_000, "en")

    def test_the_client_is_asked_at_its_own_rate(self) -> None:
        assert Resumption(left(said((0, 1), (1, 2), (2.2, 3))), TELEPHONE).first == 8_000

    def test_what_was_heard_to_its_end_is_not_heard_again(self) -> None:
        resumed = left(said((0, 1)), committed=1.1, received=1.1, ended=True)
        assert Resumption(resumed, PCM).first == resume_at(resumed) == from_seconds(1.1)

    @pytest.mark.parametrize(
        ("event", "same"),
        [
            (SpeechStarted(5), SpeechStarted(16_005)),
            (Committed((Word(" a", 5, 6),)), Committed((Word(" a", 16_005, 16_006),))),
            (Attributed(0, (Voice(1, (2,)),)), Attributed(3, (Voice(3, (4,)),))),
            (Attributed(2, (Voice(None),)), Attributed(5, (Voice(None),))),
            (SpeakerTurn(1, 0, 9), SpeakerTurn(3, 16_000, 16_009)),
            (Diarized(0), Diarized(16_000)),
            (Warned("code", "text"), Warned("code", "text")),
        ],
    )
    def test_events_are_those_of_the_whole_session(self, event: Event, same: Event) -> None:
        """It is heard on from its first second, after three words of two speakers."""
        assert Resumption(left(said((0, 1), (1, 2), (2.2, 3))), PCM).continued([event]) == [same]

    def test_what_is_heard_again_is_no_progress(self) -> None:
        resumption = Resumption(left(said((0, 1), (1, 2), (2.2, 3))), PCM)
        assert resumption.continued([Progress(100, 50, 0)]) == [Progress(48_000, 48_000, 48_000)]
        assert resumption.continued([Progress(40_000, 50, 0)]) == [Progress(56_000, 48_000, 48_000)]


def heard_from(speakers: str, *spans: tuple[float, float]) -> tuple[Word, ...]:
    """Words and the digit of whom each was heard from, ``-`` where that is not known."""
    known = [None if who == "-" else int(who) for who in speakers]
    pairs = zip(said(*spans), known, strict=True)
    return tuple(replace(word, speaker=who) for word, who in pairs)


class TestSpeakersThatWereKnown:
    """And are told apart anew."""

    def test_who_spoke_last_goes_on_with_the_same_number(self) -> None:
        resumed = with_speakers(left(heard_from("112-", (0, 1), (1, 2), (2.2, 3), (3, 3.9))))
        resumption = Resumption(resumed, PCM)
        assert [word.text for word in resumption.waiting] == [" w2", " w3"]
        voices = Voice(1), Voice(1), Voice(2)
        assert resumption.continued([Attributed(0, voices)]) == [
            Attributed(3, (Voice(2), Voice(3)))
        ]

    def test_words_that_nobody_was_known_for_go_with_those_after(self) -> None:
        spans = ((0, 1), (1, 2), (2.1, 3), (5, 6), (6, 7), (7, 8))
        resumed = with_speakers(left(heard_from("2-----", *spans)))
        resumption = Resumption(resumed, PCM)
        assert resumption.first_events == [Attributed(1, (Voice(2), Voice(2)))]
        told = resumption.continued([Attributed(0, (Voice(1), Voice(1), Voice(1)))])
        assert told == [Attributed(3, (Voice(3), Voice(3), Voice(3), Voice(3)))]


class TestSpeakersThatWereNotKnown:
    """When the first process was stopped."""

    SPANS = ((0, 1), (1, 2), (2.1, 3), (3.5, 4), (4.1, 5), (5.1, 6), (6.1, 7))

    def resumption(self, speakers: str, *spans: tuple[float, float]) -> tuple[Resumed, Resumption]:
        resumed = with_speakers(left(heard_from(speakers, *spans)))
        return resumed, Resumption(resumed, PCM, renumbers=False)

    def test_what_is_heard_again_is_told_by_who_hears_it(self) -> None:
        resumed, resumption = self.resumption("11111--", *self.SPANS)
        assert resumed.waiting == 2
        assert [word.text for word in resumption.waiting] == [" w5", " w6"]
        assert resumption.first_events == []
        assert resumption.continued([Attributed(0, (Voice(2), Voice(2)))]) == [
            Attributed(5, (Voice(2), Voice(2)))
        ]
        assert resumed_view(Layout(), resumed).waiting == deque(resumed.growing[5:])

    def test_the_longest_pause_decides_over_the_rest(self) -> None:
        resumed, resumption = self.resumption("11-----", *self.SPANS)
        assert resumption.first_events == [Attributed(2, (Voice(1),))]
        view = resumed_view(Layout(), resumed)
        view.apply(resumption.first_events)
        for speaker in (None, 3, 2):
            told = resumption.continued([Attributed(0, (Voice(speaker, (4,)), Voice(3)))])
            by = Voice(speaker or 1)
            assert told == [Attributed(3, (by, by, Voice(speaker, (4,)), Voice(3)))]
            view.apply(told)
        spoken = [word for segment in view.segments for word in segment.words]
        assert [word.speaker for word in [*spoken, *view.growing]] == [1, 1, 1, 2, 2, 2, 3]

    def test_where_nobody_says_more_they_go_with_the_word_before(self) -> None:
        _, resumption = self.resumption("11-----", *self.SPANS)
        assert resumption.continued([Ended(9)]) == [
            Attributed(3, (Voice(1), Voice(1))),
            Ended(9 + resumption.origin),
        ]
        _, resumption = self.resumption("1--", (0, 1), (1, 2), (2, 3))
        assert resumption.continued([Ended(9)])[-1] == Ended(9 + resumption.origin)

    def test_of_a_session_that_knew_nobody(self) -> None:
        _, resumption = self.resumption("-------", *self.SPANS)
        assert resumption.first_events == []
        assert resumption.continued([Attributed(0, (Voice(2),))]) == [
            Attributed(0, (Voice(2),) * 6)
        ]

    @given(gaps, st.integers(0, 80), st.lists(st.integers(1, 3), min_size=1), st.booleans())
    def test_all_words_are_somebodys_and_nobody_elses_move(
        self, spans: list[tuple[int, int]], known: int, more: list[int], at_end: bool
    ) -> None:
        edges = list(accumulate(length for span in spans for length in span))
        spoken = [Word(" w", a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        growing = tuple(
            replace(word, speaker=1 + i % 2 if i < known else None) for i, word in enumerate(spoken)
        )
        resumed = with_speakers(left(growing))
        resumption = Resumption(resumed, PCM, renumbers=False)
        view = resumed_view(Layout(), resumed)
        view.apply(resumption.first_events)
        new = [Word(" n", 10**7 + i, 10**7 + i + 1) for i in range(len(more))]
        words, voices = len(resumption.waiting) + len(new), tuple(map(Voice, more))
        heard: list[Event] = [Committed(tuple(new))]
        if not at_end:
            heard.append(Attributed(0, (voices[0],) * len(resumption.waiting) + voices))
        else:
            heard.append(Attributed(0, (Voice(None),) * words))
        view.apply(resumption.continued([*heard, Ended(10**8)]))
        told = [word.speaker for segment in view.segments for word in segment.words]
        assert len(told) == len(growing) + len(new)
        assert told[: min(known, len(growing))] == [w.speaker for w in growing[:known]]
        if not at_end:
            assert None not in told


def test_readers_see_names_and_language_again() -> None:
    view = resumed_view(Layout(), left(said((0, 1))))
    assert (view.language, dict(view.people.names)) == ("en", {2: "Ada"})


@pytest.mark.parametrize("seconds", [0, 3600])
def test_a_pause_across_the_stop_begins_at_the_last_stored_line(store: Store, seconds: int) -> None:
    """However little of what is stored is still in view."""
    first = Recorder(Layout(), opening("a"))
    whole = said((14, 15), (15, 18.55))
    batches: list[list[Event]] = [
        [SpeechStarted(from_seconds(14)), Committed(whole)],
        [Progress(from_seconds(21), from_seconds(21), from_seconds(21))],
    ]
    for entry in (first.open(), *map(first.take, batches)):
        assert entry is not None
        write(store, entry)
    resumed = store.reopen(Asked("a", AUDIO), timedelta(hours=1), from_seconds(seconds))
    assert resumed is not None
    assert not resumed.growing
    second = Recorder(Layout(), resumed=resumed)
    assert second.take([SpeechStarted(from_seconds(20.6))]) is None, "not 5 s"
    entry = second.take([SpeechStarted(from_seconds(24))])
    assert entry is not None
    (pause,) = [line.segment for line in entry.lines]
    assert (pause.start, pause.end) == (from_seconds(18.55), from_seconds(24))


def test_the_store_knows_the_highest_speaker(store: Store) -> None:
    recorder = Recorder(Layout(), opening("a"))
    batches: list[list[Event]] = [
        [Diarized(0), Committed(words("one two three"))],
        [Attributed(0, (Voice(1), Voice(3), Voice(2)))],
    ]
    entries = [recorder.open(), *map(recorder.take, batches)]
    for entry in entries:
        assert entry is not None
        write(store, entry)
    resumed = store.reopen(Asked("a", AUDIO), timedelta(hours=1), 0)
    assert resumed is not None
    assert resumed.speakers == 3


def test_a_name_that_comes_after_the_end_does_not_open_the_session_again(store: Store) -> None:
    recorder = Recorder(Layout(), opening("a"))
    batches: list[list[Event]] = [
        [Committed(words("one two"))],
        [Ended(32_000)],
        [SpeakerNamed(1, "Ada")],
    ]
    for entry in (recorder.open(), *map(recorder.take, batches)):
        assert entry is not None
        write(store, entry)
    row = store.get("a")
    assert row.ended is not None
    assert row.speakers == {1: "Ada"}
