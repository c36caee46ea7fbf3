"""What a session makes of an engine's answers, case by case."""

from __future__ import annotations

from dataclasses import replace

from laws.rig import HIGH, TUNING, Rig, of

from livestt.engines import Capabilities, Hypothesis, Job, StreamOptions
from livestt.events import (
    Committed,
    Flushed,
    Interim,
    LanguageDetected,
    SpeechStarted,
    Word,
)
from livestt.policies import PolicyName
from livestt.timebase import from_seconds
from livestt.tuning import Tuning
from livestt.window import TAIL


class Told:
    """An engine that answers what it is told, whatever it is asked."""

    def __init__(self, **capabilities: object) -> None:
        self.capabilities = Capabilities("told", "none", "window", attends=True)
        self.capabilities = replace(self.capabilities, **capabilities)  # type: ignore[arg-type]
        self.next = Hypothesis(())

    def __call__(self, job: Job) -> Hypothesis:
        return self.next


def told(policy: PolicyName = "localagreement", **more: object) -> tuple[Rig, Told]:
    engine = Told()
    return Rig(policy, capabilities=engine.capabilities, answer=engine, **more), engine  # type: ignore[arg-type]


def word(text: str, start: float, end: float) -> Word:
    return Word(text, from_seconds(start), from_seconds(end))


def test_under_load_only_whole_utterances_are_asked_about() -> None:
    rig, engine = told()
    rig.session.retune(replace(TUNING, partial=False))
    engine.next = Hypothesis((word(" a", 0, 0.5),))
    rig.frames([HIGH] * 60)
    assert not rig.ask()
    rig.hush(60)
    rig.work()
    assert rig.book.text == [" a"]
    rig.session.retune(TUNING)
    rig.frames([HIGH] * 60)
    assert rig.ask()


class TestAnswers:
    def test_a_doubtful_answer_changes_nothing_and_a_final_job_follows(self) -> None:
        rig, engine = told()
        rig.frames([HIGH] * 20)
        engine.next = Hypothesis((word(" yes", 0, 0.3),))
        rig.work()
        rig.frames([HIGH] * 20)
        engine.next = Hypothesis((word(" ha", 0, 0.1),) * 9, rejected="loop")
        rig.work()
        assert [w.text for w in rig.book.interim] == [" yes"]
        engine.next = Hypothesis((word(" yes", 0, 0.3), word(" sir", 0.3, 0.6)))
        rig.hush(30)
        rig.end()
        assert rig.book.text == [" yes", " sir"]

    def test_a_rejected_final_answer_keeps_what_was_shown(self) -> None:
        rig, engine = told()
        rig.frames([HIGH] * 20)
        engine.next = Hypothesis((word(" yes", 0, 0.3),))
        rig.work()
        engine.next = Hypothesis((), rejected="loop")
        rig.hush(30)
        rig.end()
        assert rig.book.text == [" yes"]

    def test_noise_takes_back_what_was_shown(self) -> None:
        rig, engine = told()
        rig.frames([HIGH] * 20)
        engine.next = Hypothesis((word(" yes", 0, 0.3),))
        rig.work()
        engine.next = Hypothesis((word(" yes", 0, 0.3),), rejected="no_speech")
        rig.hush(30)
        rig.end()
        assert rig.book.text == []
        assert not rig.book.interim

    def test_a_doubtful_answer_to_all_audio_is_asked_for_again(self) -> None:
        rig, engine = told()
        rig.frames([HIGH] * 20)
        assert rig.ask()
        rig.flush("a")
        engine.next = Hypothesis((), rejected="loop")
        rig.answer()
        assert not of(rig, Flushed)
        engine.next = Hypothesis((word(" yes", 0, 0.3),))
        rig.work()
        assert rig.book.text == [" yes"]
        assert of(rig, Flushed)

    def test_words_committed_by_force_are_evidence_no_longer(self) -> None:
        rig, engine = told()
        resets: list[int] = []
        rig.session._settling._policy.reset = lambda: resets.append(rig.now)  # type: ignore[method-assign]
        rig.frames([HIGH] * 94)  # three seconds, the longest window
        engine.next = Hypothesis((word(" a", 0, 1), word(" b", 2.5, 2.9)))
        assert rig.ask()
        rig.answer()
        assert rig.book.text == [" a"]
        assert resets == [rig.now]

    def test_words_beyond_the_audio_are_brought_back(self) -> None:
        rig, engine = told()
        engine.next = Hypothesis((word(" a", 5, 6), word(" b", 100, 200), word(" c", -5, -4)))
        rig.frames([HIGH] * 30)
        rig.hush(30)
        rig.end()
        assert rig.book.text == [" a", " b", " c"]
        assert rig.book.words[-1].end <= rig.now

    def test_a_full_window_loses_no_word_if_the_policy_commits_few(self) -> None:
        """LocalAgreement on an engine that changes its mind about all but the first word."""
        rig, engine = told()
        spoken = [word(f" {i}", i * 0.25, i * 0.25 + 0.2) for i in range(16)]
        for i in range(1, 13):
            rig.frames([HIGH] * 8)
            heard = [w for w in spoken if w.end <= rig.now]
            flicker = [replace(w, text=f"{w.text}{'xy'[i % 2]}") for w in heard[1:]]
            prefix = {w.start for w in rig.book.words}
            engine.next = Hypothesis(
                tuple(w for w in [*heard[:1], *flicker] if w.start not in prefix)
            )
            rig.work()
        said = [w.text.strip("xy ") for w in (*rig.book.words, *rig.book.interim)]
        assert said == [str(i) for i in range(len(said))]
        assert len(rig.book.words) > 4

    def test_a_full_window_moves_although_nothing_is_heard(self) -> None:
        rig, _ = told()
        rig.frames([HIGH] * 400)
        rig.work()
        starts = [start for start, _ in rig.heard]
        assert starts == sorted(set(starts))
        assert rig.heard[-1][1] > rig.now - TUNING.max_window - TAIL
        assert not rig.unheard()


class TestLanguage:
    def rig(self, **options: object) -> tuple[Rig, Told]:
        rig, engine = told(tuning=Tuning(recheck_language=from_seconds(5)))
        rig.session.configure(StreamOptions(**options))  # type: ignore[arg-type]
        engine.next = Hypothesis((word(" oui", 0, 0.3),), language="fr")
        return rig, engine

    def test_it_is_learnt_once_it_is_sure(self) -> None:
        rig, engine = self.rig()
        rig.frames([HIGH] * 30)
        rig.work()
        assert rig.session.language is None  # not from less than two seconds
        rig.frames([HIGH] * 40)
        engine.next = replace_probability(engine.next, 0.4)
        rig.work()
        assert rig.session.language is None
        rig.frames([HIGH] * 20)
        engine.next = replace_probability(engine.next, 0.6)
        rig.work()
        assert rig.session.language == "fr"
        assert [e.language for e in of(rig, LanguageDetected)] == ["fr"]
        rig.frames([HIGH] * 20)
        assert rig.ask()
        assert rig.job is not None
        assert rig.job.options.language == "fr"

    def test_it_is_learnt_anew_after_a_long_pause(self) -> None:
        rig, _ = self.rig()
        rig.frames([HIGH] * 90)
        rig.work()
        rig.hush(200)
        rig.work()
        assert rig.session.language == "fr"
        rig.frames([HIGH] * 20)
        assert rig.session.language is None

    def test_it_is_not_learnt_where_it_is_given(self) -> None:
        rig, _ = self.rig(language="en")
        rig.frames([HIGH] * 90)
        rig.work()
        assert rig.session.language == "en"
        assert not of(rig, LanguageDetected)

    def test_configure_counts_from_the_next_job(self) -> None:
        rig, _ = self.rig(language="en")
        rig.frames([HIGH] * 20)
        assert rig.ask()
        rig.session.configure(StreamOptions(language="de", prompt="p"))
        assert rig.job is not None
        assert rig.job.options.language == "en"
        rig.answer()
        rig.frames([HIGH] * 20)
        assert rig.ask()
        assert (rig.job.options.language, rig.job.options.prompt) == ("de", "p")


def replace_probability(answer: Hypothesis, probability: float) -> Hypothesis:
    return Hypothesis(answer.words, language="fr", language_probability=probability)


def test_commits_and_guesses_never_show_a_word_twice() -> None:
    rig = Rig("localagreement")
    rig.write(0, from_seconds(8))
    for _ in range(240):
        rig.frames([HIGH])
        rig.work()
        shown = [w.text for w in (*rig.book.words, *rig.book.interim)]
        assert len(shown) == len(set(shown))
    assert of(rig, Interim)
    assert of(rig, Committed)
    assert len(of(rig, SpeechStarted)) == 1
