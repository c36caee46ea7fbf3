"""Who spoke before a session went on elsewhere has the same number there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livestt.events import Attributed, Diarized, Ended, Event, SpeakerTurn, Voice, Word
from livestt.store.renumbering import Renumbering


def known(*speakers: int) -> list[Word]:
    return [Word(" w", i, i + 1, speaker=speaker) for i, speaker in enumerate(speakers)]


def told(first: int, *speakers: int | None) -> Attributed:
    return Attributed(first, tuple(map(Voice, speakers)))


def follow(renumbering: Renumbering, *events: Event) -> list[Event]:
    return [said for event in events for said in renumbering.follow(event)]


def test_who_is_heard_again_keeps_the_number() -> None:
    renumbering = Renumbering(known(2, 2), 3)
    assert follow(renumbering, told(0, 1), told(1, 1, 1, 2)) == [told(2, 2, 4)]
    assert follow(renumbering, told(4, 3, 2, 1)) == [told(4, 5, 4, 2)]


def test_what_is_stored_of_words_heard_again_stays() -> None:
    assert follow(Renumbering(known(1, 2, 1), 2), told(0, 1, 1, 1)) == []


def test_several_may_be_heard_again() -> None:
    renumbering = Renumbering(known(3, 1), 3)
    assert follow(renumbering, told(0, 1, 2, 2, 1)) == [told(2, 1, 3)]


def test_one_voice_that_is_now_two_has_its_number_once() -> None:
    assert follow(Renumbering(known(1, 1), 1), told(0, 1, 2, 1, 2)) == [told(2, 1, 2)]


def test_a_word_that_nobody_can_be_told_for_says_nothing() -> None:
    renumbering = Renumbering(known(2, 2), 2)
    assert follow(renumbering, told(0, None, None, None)) == [told(2, None)]
    assert follow(renumbering, told(0, 1, 1, 1)) == [told(2, 2)], "corrected"


def test_where_nothing_is_known_everybody_is_new() -> None:
    again = Attributed(0, (Voice(1, (2,)), Voice(None)))
    assert follow(Renumbering([], 2), again) == [Attributed(0, (Voice(3, (4,)), Voice(None)))]


def test_turns_wait_until_it_is_known_whose_they_are() -> None:
    renumbering = Renumbering(known(2), 2)
    assert follow(renumbering, SpeakerTurn(1, 0, 9), Diarized(9)) == [Diarized(9)]
    assert follow(renumbering, told(0, 1, 1)) == [SpeakerTurn(2, 0, 9), told(1, 2)]
    assert follow(renumbering, SpeakerTurn(2, 9, 12)) == [SpeakerTurn(3, 9, 12)]


def test_turns_do_not_wait_beyond_the_end() -> None:
    renumbering = Renumbering(known(2), 2)
    assert follow(renumbering, SpeakerTurn(1, 0, 9), Ended(9)) == [SpeakerTurn(3, 0, 9), Ended(9)]


speakers = st.integers(1, 4)


@given(st.lists(speakers, max_size=5), st.lists(speakers), st.data())
def test_however_it_is_told_voices_stay_apart(
    before: list[int], after: list[int], data: st.DataObject
) -> None:
    voices = data.draw(st.lists(speakers, min_size=len(before), max_size=len(before))) + after
    cut = data.draw(st.integers(0, len(voices)))
    renumbering = Renumbering(known(*before), 4)
    events = follow(renumbering, told(0, *voices[:cut]), told(cut, *voices[cut:]))
    said = [voice.speaker for event in events for voice in event.voices]  # type: ignore[union-attr]
    assert len(said) == len(after)
    pairs = set(zip(after, said, strict=True))
    assert len(pairs) == len(set(after)) == len(set(said)), "one number for each"
    assert all(new in before or new > 4 for new in said)
    if before and after and voices[0] == after[0]:
        assert said[0] == before[0]
