"""What of a session is translated: pure, whatever the translator does."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from laws.talk import talks

from livestt.events import Committed, Ended, Event, Progress, Translated, Warned, Word
from livestt.timebase import from_seconds
from livestt.transcript import Layout, Transcript
from livestt.translation import TranslationJob, TranslatorCapabilities
from livestt.translation.translating import MOST_WAITING, Translation

ABLE = TranslatorCapabilities("test", "test", frozenset({"en", "de", "fr"}))


def translation(target: str | None = "de", source: str | None = "en") -> Translation:
    made = Translation(Transcript(Layout()), ABLE)
    made.target, made.source = target, source
    return made


def said(text: str, at: float = 0.0) -> list[Event]:
    """Words of half a second each, all committed."""
    words = []
    for i, word in enumerate(text.split()):
        start = from_seconds(at + i / 2)
        words.append(Word(f" {word}", start, start + from_seconds(0.4)))
    return [Committed(tuple(words)), Progress(*[words[-1].end] * 3)]


def answered(made: Translation, job: TranslationJob) -> list[Event]:
    made.receive_translation(job, job.text.upper())
    return made.take_events()


SENTENCE = "This is a sentence that is long enough to read."


@given(talks(), st.data())
def test_laws(talk: tuple[list[Event], list[Word]], data: st.DataObject) -> None:
    """Events pass unchanged and in order, the end is last, and the view gets each whole line."""
    events, _ = talk
    made, view = translation(), Transcript(Layout())
    passed: list[Event] = []

    def tell(some: Sequence[Event]) -> None:
        passed.extend(some)
        view.apply(some)

    def ask() -> bool:
        job = made.next_job()
        if job is not None:
            tell(answered(made, job))
        return job is not None

    for event in events:
        tell(made.follow([event]))
        if data.draw(st.booleans()):
            ask()
    while ask():
        pass
    tell(made.take_events())
    own = [event for event in passed if not isinstance(event, Translated)]
    assert own == events
    if events and isinstance(events[-1], Ended):
        assert passed[-1] == events[-1]
        assert made.done
        for segment in view.segments:
            if segment.text:
                assert segment.translation is not None
                assert segment.translation.text == segment.text.upper()
            else:
                assert segment.translation is None


def test_lines_go_before_the_one_that_grows() -> None:
    made = translation()
    made.follow([*said(SENTENCE), *said("And then some more words", at=6)])
    job = made.next_job()
    assert job == TranslationJob(0, SENTENCE, "en", "de")
    assert answered(made, job) == [Translated(0, SENTENCE.upper(), "de")]
    growing = made.next_job()
    assert growing == TranslationJob(1, "And then some more words", "en", "de", whole=False)


def test_a_growing_line_is_asked_about_again_when_there_is_enough_news() -> None:
    made = translation()
    made.follow(said("One two three"))
    job = made.next_job()
    assert job is not None
    answered(made, job)
    made.follow(said("four", at=1.5))
    assert made.next_job() is None
    made.follow(said("five six", at=2))
    job = made.next_job()
    assert job is not None
    assert job.text == "One two three four five six"


def test_a_line_that_did_not_grow_any_more_is_not_asked_about_again() -> None:
    made = translation()
    made.follow(said("Yes it is."))
    job = made.next_job()
    assert job is not None
    answered(made, job)
    quiet = Progress(*[from_seconds(9)] * 3)
    assert made.follow([quiet]) == [quiet]
    assert made.next_job() is None
    view = Transcript(Layout())
    view.apply([*said("Yes it is."), Translated(0, "YES IT IS.", "de"), quiet])
    assert [s.translation for s in view.segments] == [Translated(0, "YES IT IS.", "de")]


def test_the_end_waits_for_the_last_line() -> None:
    made = translation()
    end = Ended(from_seconds(3))
    assert end not in made.follow([*said("The last words."), end])
    job = made.next_job()
    assert job is not None
    assert made.take_events() == []
    assert answered(made, job) == [Translated(0, "THE LAST WORDS.", "de"), end]
    assert made.done


def test_the_end_waits_for_nothing_where_nothing_is_translated() -> None:
    made = translation(target=None)
    events: list[Event] = [*said(SENTENCE), Ended(from_seconds(6))]
    assert made.follow(events) == events


def test_what_is_in_that_language_already_is_left_alone() -> None:
    made = translation(target="en")
    made.follow(said(SENTENCE))
    assert made.next_job() is None


def test_a_language_that_the_translator_does_not_know_is_left_alone() -> None:
    made = translation(source="haw")
    made.follow([*said(SENTENCE), Ended(0)])
    assert made.next_job() is None
    assert made.take_events() == [Ended(0)]


def test_another_language_counts_from_the_next_line_on() -> None:
    made = translation(target=None)
    made.follow(said(SENTENCE))
    made.target = "fr"
    made.follow(said(SENTENCE, at=6))
    job = made.next_job()
    assert job is not None
    assert (job.line, job.target) == (1, "fr")
    made.target = "de"
    assert answered(made, job) == [Translated(1, SENTENCE.upper(), "fr")]


def test_a_failure_is_tried_again_and_then_told_once() -> None:
    made = translation()
    made.follow([*said(SENTENCE), *said(SENTENCE, at=6), Ended(from_seconds(12))])
    told: list[Event] = []
    for _ in range(2):
        job = made.next_job()
        assert job is not None
        assert made.receive_failure(job) == job
        assert made.receive_failure(job) is None
        told += made.take_events()
    warning, end = told
    assert isinstance(warning, Warned)
    assert warning.code == "translation_error"
    assert isinstance(end, Ended)


def test_a_translator_that_hangs_holds_no_end_back() -> None:
    made = translation()
    made.follow([*said(SENTENCE), *said(SENTENCE, at=6), Ended(0)])
    assert made.next_job() is not None
    made.give_up()
    warning, end = made.take_events()
    assert isinstance(warning, Warned)
    assert end == Ended(0)


def test_a_translator_slower_than_speech_leaves_old_lines() -> None:
    made = translation()
    told: list[Event] = []
    for i in range(MOST_WAITING + 10):
        told += made.follow(said(SENTENCE, at=6 * i))
    assert [e.code for e in told if isinstance(e, Warned)] == ["translation_behind"]
    job = made.next_job()
    assert job is not None
    assert job.line == 10


def test_who_goes_on_translates_what_was_left() -> None:
    view = Transcript(Layout())
    for i in range(4):
        view.apply(said(SENTENCE, at=6 * i))
    view.apply([Translated(1, "...", "de")])
    made = Translation(view, ABLE)
    made.target, made.source = "de", "en"
    lines = []
    while (job := made.next_job()) is not None:
        lines.append(job.line)
        answered(made, job)
    assert lines == [2, 3]
    untranslated = Transcript(Layout())
    untranslated.apply(said(SENTENCE))
    made = Translation(untranslated, ABLE)
    made.target = "de"
    assert made.next_job() is None


def told_view(made: Translation, view: Transcript, events: Sequence[Event]) -> None:
    view.apply(made.follow(events))


def test_an_answer_that_comes_after_the_end_of_its_line_is_none_for_the_whole() -> None:
    made, view = translation(), Transcript(Layout())
    told_view(made, view, said("One two three"))
    job = made.next_job()
    assert job is not None
    assert not job.whole
    told_view(made, view, [*said("four", at=1.5), *said("Next", at=9)])
    assert [segment.text for segment in view.segments][:1] == ["One two three four"]
    assert answered(made, job) == []
    whole = made.next_job()
    assert whole == TranslationJob(0, "One two three four", "en", "de")


def test_a_late_answer_for_a_line_that_was_whole_already_is_taken() -> None:
    made = translation()
    made.follow(said("Yes it is."))
    job = made.next_job()
    assert job is not None
    made.follow([Progress(*[from_seconds(9)] * 3)])
    assert answered(made, job) == []
    assert made.next_job() is None
    assert made.take_events() == [Translated(0, "YES IT IS.", "de")]


def test_a_line_is_not_left_with_the_translation_of_its_beginning() -> None:
    for attempt in ("failure", "hang", "behind", "off"):
        made, view = translation(), Transcript(Layout())
        told_view(made, view, said("One two three"))
        job = made.next_job()
        assert job is not None
        view.apply(answered(made, job))
        assert view.translation is not None
        told_view(made, view, [*said("four", at=1.5), *said("Next", at=9)])
        assert view.segments[0].translation is not None
        if attempt == "behind":
            for i in range(MOST_WAITING):
                told_view(made, view, said(SENTENCE, at=12 + 6 * i))
        elif attempt == "off":
            made.aim("en", None)
        else:
            job = made.next_job()
            assert job is not None
            assert job.whole
            if attempt == "hang":
                made.give_up()
            elif made.receive_failure(job) is not None:
                assert made.receive_failure(job) is None
        view.apply(made.take_events())
        assert view.segments[0].translation is None, attempt


def test_nothing_stands_beside_a_line_that_is_not_translated_any_more() -> None:
    made, view = translation(), Transcript(Layout())
    told_view(made, view, said("One two three"))
    job = made.next_job()
    assert job is not None
    view.apply(answered(made, job))
    made.aim("en", None)
    view.apply(made.take_events())
    assert view.translation is None


def test_a_language_that_was_left_and_comes_back() -> None:
    made = translation()
    made.follow(said("Yes it is."))
    job = made.next_job()
    assert job is not None
    made.aim("en", "fr")
    assert answered(made, job) == []
    made.aim("en", "de")
    made.follow([Progress(*[from_seconds(9)] * 3)])
    again = made.next_job()
    told = [] if again is None else answered(made, again)
    assert [*made.take_events(), *told] == [Translated(0, "YES IT IS.", "de")]


def test_what_was_said_before_is_not_translated_when_it_begins_again() -> None:
    made = translation()
    made.follow(said(SENTENCE))
    made.aim("en", None)
    made.aim("en", "fr")
    assert made.next_job() is None
