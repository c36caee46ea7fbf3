"""What is made of a session's speakers, against who really spoke."""

from __future__ import annotations

from pathlib import Path

import pytest

from livestt.bench.speakers import Heard, heard_in, scores
from livestt.bench.talks import Spoken, Talk
from livestt.events import Attributed, Committed, Progress, SpeakerTurn, Voice, Word
from livestt.timebase import from_seconds


def word(text: str, start: float, end: float) -> Word:
    return Word(text, from_seconds(start), from_seconds(end))


def at(seconds: float) -> Progress:
    return Progress(from_seconds(seconds), 0, 0)


def test_what_a_session_said_of_its_speakers() -> None:
    heard = heard_in(
        [
            at(2),
            Committed((word(" a", 0, 1), word(" b", 1, 2))),
            Attributed(0, (Voice(1),)),
            at(3),
            Attributed(0, (Voice(2), Voice(2))),
            SpeakerTurn(2, 0, from_seconds(2)),
        ]
    )
    assert (heard.speakers, heard.changes) == ([2, 2], 1)
    assert heard.delays == [1.0, 1.0]
    assert len(heard.turns) == 1


class TestScores:
    TALK = Talk("t", Path(), (Spoken("ada", 0, 2, "a b"), Spoken("bob", 2, 4, "c d")), True)

    def heard(self, *speakers: int) -> Heard:
        said = tuple(word(f" {letter}", i, i + 1) for i, letter in enumerate("abcd"))
        turns = [
            SpeakerTurn(who, from_seconds(i), from_seconds(i + 1)) for i, who in enumerate(speakers)
        ]
        return Heard(turns, list(said), list(speakers), [0.5] * 4)

    def test_everything_right(self) -> None:
        pytest.importorskip("pyannote.metrics")
        pytest.importorskip("meeteval")
        result = scores(self.TALK, self.heard(1, 1, 2, 2), 4.0)
        assert (result.der, result.jer, result.right) == (0, 0, 1)
        assert (result.cpwer, result.tcpwer, result.label_changes) == (0, 0, 0)
        assert (result.speakers, result.speakers_heard, result.delay_p50) == (2, 2, 0.5)

    def test_a_quarter_wrong(self) -> None:
        pytest.importorskip("pyannote.metrics")
        pytest.importorskip("meeteval")
        result = scores(self.TALK, self.heard(1, 2, 2, 2), 4.0)
        assert result.der == pytest.approx(0.25)
        assert result.right == 0.75
        assert result.cpwer is not None
        assert result.cpwer > 0

    def test_speech_where_nobody_speaks(self) -> None:
        pytest.importorskip("pyannote.metrics")
        pytest.importorskip("meeteval")
        heard = self.heard(1, 1, 2, 2)
        heard.turns.append(SpeakerTurn(2, from_seconds(4), from_seconds(6)))
        assert scores(self.TALK, heard, 6.0).in_silence == pytest.approx(1.75)

    def test_the_order_of_arrival(self) -> None:
        pytest.importorskip("pyannote.metrics")
        pytest.importorskip("meeteval")
        assert scores(self.TALK, self.heard(1, 1, 2, 2), 4.0).in_order
        assert not scores(self.TALK, self.heard(2, 2, 1, 1), 4.0).in_order
