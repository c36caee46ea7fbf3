"""What is made of a session's speakers, and of who really spoke."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from livestt.bench.speakers import Heard, Spoken, Talk, heard_in, read_talks, scores
from livestt.errors import SetupError
from livestt.events import Attributed, Committed, Progress, SpeakerTurn, Voice, Word
from livestt.timebase import from_seconds

RTTM = (
    "SPEAKER talk 1 0.00 2.00 <NA> <NA> ada <NA> <NA>\n"
    "SPEAKER talk 1 2.00 2.00 <NA> <NA> bob <NA> <NA>\n"
)


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


def test_recordings_bring_their_rttm(tmp_path: Path) -> None:
    (tmp_path / "talk.rttm").write_text(RTTM, "utf-8")
    [talk] = read_talks([tmp_path / "talk.wav"])
    assert talk.turns == (Spoken("ada", 0, 2), Spoken("bob", 2, 4))
    assert not talk.words_known


def test_a_manifest_may_tell_the_words(tmp_path: Path) -> None:
    turns = {"turns": [{"speaker": "ada", "start": 0, "end": 2, "text": "hello"}]}
    (tmp_path / "turns.json").write_text(json.dumps(turns), "utf-8")
    row = {"file": "a.wav", "rttm": "a.rttm", "turns_file": "turns.json"}
    (tmp_path / "all.jsonl").write_text(json.dumps(row) + '\n{"file": "b.wav"}\n', "utf-8")
    [talk] = read_talks([tmp_path / "all.jsonl"])
    with pytest.raises(SetupError):
        read_talks([tmp_path / "all.jsonl"], kinds=["meeting"])
    assert talk.words_known
    assert talk.turns == (Spoken("ada", 0, 2, "hello"),)


@pytest.mark.parametrize("text", [None, "SPEAKER talk 1 x y\n"])
def test_a_reference_that_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "talk.rttm").write_text(text, "utf-8")
    with pytest.raises(SetupError, match="who speaks when"):
        read_talks([tmp_path / "talk.wav"])


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
