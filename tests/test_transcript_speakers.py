"""Speakers in the transcript: words that wait for one, corrections, and who is whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.talk import delays, diarized, talks

from livestt import transcript as module
from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Progress,
    SpeakerNamed,
    SpeakerSeparated,
    SpeakersMerged,
    SpeechStarted,
    Voice,
    Word,
)
from livestt.segments import Segment, main_speaker
from livestt.timebase import from_seconds
from livestt.transcript import Layout, Transcript

FOREVER = Layout(retention=from_seconds(10**6))


def say(text: str, start: float = 0.0) -> Committed:
    """Words of half a second each."""
    first, half = from_seconds(start), from_seconds(0.5)
    return Committed(
        tuple(
            Word(f" {word}", first + i * half, first + (i + 1) * half)
            for i, word in enumerate(text.split())
        )
    )


def given_to(*speakers: int | None, first: int = 0) -> Attributed:
    return Attributed(first, tuple(map(Voice, speakers)))


def heard(*events: Event) -> Transcript:
    transcript = Transcript(FOREVER)
    transcript.apply([Diarized(0), *events])
    return transcript


def lines(transcript: Transcript) -> list[tuple[int | None, str | None]]:
    return [(segment.speaker, segment.text) for segment in transcript.segments]


class TestWaiting:
    def test_committed_words_wait_for_their_speaker(self) -> None:
        transcript = heard(say("a b c"), given_to(1, 2))
        assert [word.text for word in transcript.growing] == [" b"]
        assert [word.text for word in transcript.waiting] == [" c"]
        assert transcript.text == "a b c"

    def test_lines_end_where_the_speaker_changes(self) -> None:
        transcript = heard(say("a b c d"), given_to(1, 1, 2, None), Ended(0))
        assert lines(transcript) == [(1, "a b"), (2, "c"), (None, "d")]

    def test_a_pause_stands_behind_the_words_that_wait(self) -> None:
        at = from_seconds(9)
        transcript = heard(say("a"), Progress(at, at, at), SpeechStarted(at), say("b", 9))
        assert not transcript.segments
        transcript.apply([given_to(1, 1), Ended(0)])
        assert lines(transcript) == [(1, "a"), (None, None), (1, "b")]

    def test_overlap_is_kept_with_the_word(self) -> None:
        transcript = heard(say("a"), Attributed(0, (Voice(1, (2,)),)))
        assert transcript.growing[0].over == (2,)


class TestCorrections:
    def test_a_closed_line_changes_its_speaker_and_nothing_else(self) -> None:
        transcript = heard(say("a b"), say("c", 9), given_to(1, 1, 1))
        before = transcript.segments[0]
        transcript.apply([given_to(2, 2)])
        after = transcript.segments[0]
        assert (after.id, after.text, after.speaker) == (before.id, before.text, 2)
        assert transcript.revisions == 1

    def test_a_line_corrected_in_part_is_whose_most_of_it_is(self) -> None:
        transcript = heard(say("a b c"), say("d", 9), given_to(1, 1, 1, 1), given_to(2, first=2))
        assert lines(transcript) == [(1, "a b c")]
        assert [word.speaker for word in transcript.segments[0].words] == [1, 1, 2]

    def test_a_growing_line_is_split(self) -> None:
        transcript = heard(say("a b c"), given_to(1, 1, 1), given_to(2, first=2))
        assert lines(transcript) == [(1, "a b")]
        assert transcript.growing[0].speaker == 2

    def test_what_says_nothing_new_is_no_revision(self) -> None:
        transcript = heard(say("a b"), given_to(1, 1), Ended(0), given_to(1, 1))
        assert transcript.revisions == 0


class TestPeople:
    def test_names_are_kept(self) -> None:
        transcript = heard(SpeakerNamed(1, "Ada"), SpeakerNamed(2, "Bob"), SpeakerNamed(1, ""))
        assert transcript.people.names == {2: "Bob"}

    def test_merged_speakers_are_one_person_everywhere(self) -> None:
        transcript = heard(say("a b"), given_to(1, 2), SpeakersMerged(2, 1))
        transcript.apply([say("c", 1), given_to(2, first=2), Ended(0)])
        assert lines(transcript) == [(1, "a"), (1, "b c")]

    def test_and_can_be_taken_apart_again(self) -> None:
        transcript = heard(say("a b"), given_to(1, 2), Ended(0), SpeakersMerged(2, 1))
        transcript.apply([SpeakerSeparated(1)])
        assert lines(transcript) == [(1, "a"), (2, "b")]

    def test_a_person_keeps_the_one_name_there_is(self) -> None:
        transcript = heard(SpeakerNamed(2, "Bob"), SpeakersMerged(2, 1))
        assert transcript.people.names == {1: "Bob"}

    def test_merging_goes_on_through_people(self) -> None:
        transcript = heard(SpeakersMerged(3, 2), SpeakersMerged(2, 1), SpeakersMerged(1, 3))
        assert transcript.people.same == {3: 1, 2: 1}


@given(talks(), delays)
def test_the_lines_do_not_depend_on_when_speakers_come(
    talk: tuple[list[Event], list[Word]], waits: list[int]
) -> None:
    events, said = talk
    at_once, later = Transcript(FOREVER), Transcript(FOREVER)
    at_once.apply(diarized(events, said, [99]))
    later.apply(diarized(events, said, waits))
    for transcript in (at_once, later):
        transcript.apply([Ended(0)])
    assert list(map(plain, at_once.segments)) == list(map(plain, later.segments))


@given(talks(), st.lists(st.tuples(st.integers(0, 30), st.sampled_from([1, 2, None]))))
def test_the_last_word_counts(
    talk: tuple[list[Event], list[Word]], corrections: list[tuple[int, int | None]]
) -> None:
    events, said = talk
    transcript = Transcript(FOREVER)
    transcript.apply(diarized(events, said, [99]))
    before = [(segment.id, segment.text) for segment in transcript.segments]
    whose = [word.speaker for word in said]
    for number, speaker in corrections:
        if number < len(said):
            transcript.apply([given_to(speaker, first=number)])
            whose[number] = speaker
    words = [word for segment in transcript.segments for word in segment.words]
    assert [word.speaker for word in [*words, *transcript.growing]] == whose
    assert before == [(s.id, s.text) for s in transcript.segments][: len(before)]
    for segment in transcript.segments:
        assert segment.speaker == main_speaker(segment.words)


def plain(segment: Segment) -> tuple[object, ...]:
    return (segment.id, segment.start, segment.end, segment.text, segment.speaker)


def test_a_correction_looks_at_the_lines_it_corrects(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be an hour of others."""
    transcript = Transcript(Layout())
    transcript.apply([Diarized(0)])
    for i in range(300):
        said = Word(f" word{i}.", i * 40_000, i * 40_000 + 8_000)
        transcript.apply([Committed((said,)), Attributed(i, (Voice(1),))])
    looked: list[Word] = []
    belonging = module._belonging

    def counting(word: Word, person: int | None, over: tuple[int, ...]) -> Word:
        looked.append(word)
        return belonging(word, person, over)

    monkeypatch.setattr(module, "_belonging", counting)
    transcript.apply([Attributed(290, (Voice(2),))])
    assert [s.speaker for s in transcript.segments][288:293] == [1, 1, 2, 1, 1]
    assert len(looked) <= 10
