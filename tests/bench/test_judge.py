"""Latencies, flicker and turns of small sessions, worked out by hand."""

from __future__ import annotations

import pytest

from livestt.bench.judge import Reference, Score, Spoken, Turn, judge
from livestt.bench.witness import Sighting, Witness

FRAME = 0.5


def reference(*words: tuple[str, float, float]) -> Reference:
    """One turn, from the first word to the last."""
    return Reference(
        " ".join(word for word, _, _ in words),
        tuple(Spoken(word.lower().strip(".,"), start, end) for word, start, end in words),
        (Turn(0, len(words), words[0][1], words[-1][2]),),
    )


def judged(said: Reference, *states: tuple[float, str, str]) -> Score:
    """The score of states given as time, committed text and the rest."""
    witness = Witness()
    for at, committed, rest in states:
        shown = f"{committed} {rest}".strip()
        witness.see(
            at,
            {"lines": [], "buffer_transcription": shown, "buffer_final_chars": len(committed)},
        )
    return judge(said, witness.sightings, witness.text, "en", FRAME)


TWO = reference(("Hello,", 0.2, 0.4), ("world.", 0.6, 1.1))


def test_a_word_is_sent_with_its_frame() -> None:
    """``Hello`` ends in the frame due at 0.5 s and ``world`` in the one due at 1.5 s."""
    score = judged(TWO, (0.75, "", "hello"), (1.75, "Hello,", "world"), (2.5, "Hello, world.", ""))
    assert score.shown == pytest.approx([0.25, 0.25])
    assert score.final == pytest.approx([0.25, 0.25])
    assert score.committed == pytest.approx([1.25, 1.0])
    assert score.first_word == pytest.approx([0.25])
    assert score.last_word == pytest.approx([1.0])
    assert (score.unstable, score.words) == (0, 2)
    assert (score.said, score.heard) == ("Hello, world.", "Hello, world.")


def test_a_word_that_flickers() -> None:
    score = judged(
        TWO,
        (0.75, "", "hello"),
        (1.0, "", "yellow"),
        (1.75, "", "hello word"),
        (2.0, "hello world", ""),
    )
    assert score.shown == pytest.approx([0.25, 0.5])
    assert score.final == pytest.approx([1.25, 0.5])
    assert score.unstable == 3  # hello, yellow, word


def test_half_a_word_is_another_word() -> None:
    score = judged(TWO, (0.75, "", "hel"), (1.0, "", "hello"), (2.0, "hello world", ""))
    assert score.shown[0] == pytest.approx(0.5)
    assert score.unstable == 1


def test_case_and_punctuation_are_not_changes() -> None:
    score = judged(TWO, (1.75, "", "hello world"), (2.0, "Hello, World.", ""))
    assert score.final == pytest.approx([1.25, 0.25])
    assert score.unstable == 0


def test_wrong_and_missing_words_have_no_latency() -> None:
    said = reference(("a", 0.0, 0.5), ("b", 0.5, 1.0), ("c", 1.0, 1.5))
    score = judged(said, (2.0, "a x", ""))
    assert len(score.shown) == len(score.committed) == 1
    assert score.last_word == []


def test_a_word_shown_before_it_was_said_is_another() -> None:
    assert judged(reference(("now", 3.0, 3.5)), (1.0, "now", "")).shown == []


def test_committed_words_of_a_server_that_takes_them_back() -> None:
    score = judged(TWO, (1.5, "hello", ""), (1.75, "yellow", ""), (2.0, "hello world", ""))
    assert score.committed == pytest.approx([1.5, 0.5])


def test_without_word_times_there_are_turns_only() -> None:
    said = Reference("one two", (Spoken("one"), Spoken("two")), (Turn(0, 2, 0.25, 1.0),))
    score = judged(said, (0.75, "", "one"), (1.5, "one two", ""))
    assert (score.shown, score.final, score.committed) == ([], [], [])
    assert score.first_word == pytest.approx([0.25])
    assert score.last_word == pytest.approx([0.5])


def test_turns_of_words_that_were_not_heard_are_left_out() -> None:
    said = Reference("one two", (Spoken("one"), Spoken("two")), (Turn(0, 2, 0.25, 1.0),))
    assert judged(said, (1.5, "won too", "")).first_word == []
    assert judged(said).last_word == []


def test_parts_of_one_written_word_share_its_time() -> None:
    said = reference(("well-known", 0.0, 0.5))
    parts = Reference(said.text, (Spoken("well", 0.0, 0.5), Spoken("known", 0.0, 0.5)), ())
    score = judged(parts, (1.0, "", "well"), (1.5, "well-known", ""))
    assert score.shown == pytest.approx([0.5, 1.0])


def test_characters_of_a_language_without_spaces() -> None:
    said = Reference("你好", (Spoken("你", 0.0, 0.5), Spoken("好", 0.5, 1.0)), ())
    sightings = [Sighting(1.0, 0, "你", 1), Sighting(1.5, 1, "好。", 3)]
    score = judge(said, sightings, "你好。", "zh", FRAME)
    assert score.committed == pytest.approx([0.5, 0.5])
