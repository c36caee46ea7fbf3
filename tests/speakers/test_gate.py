"""Words that come with their speaker: nothing is lost, and nothing overtakes them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from laws.talk import delays, diarized, talks

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Flushed,
    Interim,
    LanguageDetected,
    Progress,
    UtteranceEnded,
    Voice,
    Warned,
    Word,
)
from livestt.speakers.gate import Gate

ONE, TWO, THREE = (Word(f" {name}", i * 100, i * 100 + 100) for i, name in enumerate("abc"))


def passed(*events: Event) -> list[Event]:
    return Gate().follow(events)


def given_to(*speakers: int, first: int = 0) -> Attributed:
    return Attributed(first, tuple(map(Voice, speakers)))


def test_words_come_with_their_speaker() -> None:
    said = passed(Diarized(0), Committed((ONE, TWO)), given_to(2, 1))
    assert said == [Committed((replace(ONE, speaker=2), replace(TWO, speaker=1)))]


def test_until_then_they_are_interim() -> None:
    said = passed(Committed((ONE,)), Interim((TWO,)))
    assert said == [Interim((ONE, TWO))]


def test_what_came_after_them_stays_behind_them() -> None:
    end = UtteranceEnded(0, 100)
    said = passed(Committed((ONE,)), end, Committed((TWO,)), Flushed("x"), given_to(1, 1))
    assert said == [
        Interim((ONE,)),
        Interim((ONE, TWO)),
        Committed((replace(ONE, speaker=1),)),
        end,
        Committed((replace(TWO, speaker=1),)),
        Flushed("x"),
    ]


def test_progress_says_that_they_are_not_committed() -> None:
    assert passed(Committed((TWO,)), Progress(300, 300, 300))[0] == Progress(300, 300, 100)


def test_a_correction_comes_too_late() -> None:
    said = passed(Committed((ONE, TWO)), given_to(1), given_to(2, 2))
    words = [word for event in said if isinstance(event, Committed) for word in event.words]
    assert [word.speaker for word in words] == [1, 2]


@given(talks(), delays)
def test_nothing_is_lost_and_nothing_overtakes(
    talk: tuple[list[Event], list[Word]], waits: list[int]
) -> None:
    events, said = talk
    gate, heard = Gate(), list[Event]()
    for event in diarized(events, said, waits):
        heard += gate.follow([event])
    words = [word for event in heard if isinstance(event, Committed) for word in event.words]
    assert words == said
    assert list(filter(kept, events)) == list(filter(kept, heard))
    shown: tuple[Word, ...] = ()
    for event in heard:
        if isinstance(event, Interim):
            assert event.words != shown, "said twice"
        if isinstance(event, Interim | Committed):
            shown = event.words if isinstance(event, Interim) else ()


def kept(event: Event) -> bool:
    """Whether it stays as it is, behind the words it came after."""
    passes = Committed | Interim | Progress | Attributed | Diarized | LanguageDetected | Warned
    return not isinstance(event, passes)


def test_ended_is_last() -> None:
    assert passed(Committed((ONE,)), given_to(1), Ended(100))[-1] == Ended(100)
