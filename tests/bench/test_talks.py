"""Who really speaks in recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from livestt.bench.talks import Spoken, read_talks
from livestt.errors import SetupError

RTTM = (
    "SPEAKER talk 1 0.00 2.00 <NA> <NA> ada <NA> <NA>\n"
    "SPEAKER talk 1 2.00 2.00 <NA> <NA> bob <NA> <NA>\n"
)


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


@pytest.mark.parametrize("line", ['{"rttm": "a.rttm"}', "[1]", "{"])
def test_a_manifest_that_is_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "all.jsonl").write_text(line + "\n", "utf-8")
    with pytest.raises(SetupError, match="line 1: not an object"):
        read_talks([tmp_path / "all.jsonl"])


@pytest.mark.parametrize("turns", [None, "{", '{"turns": [{"speaker": "ada"}]}'])
def test_words_that_cannot_be_read(tmp_path: Path, turns: str | None) -> None:
    row = {"file": "a.wav", "rttm": "a.rttm", "turns_file": "turns.json"}
    (tmp_path / "all.jsonl").write_text(json.dumps(row), "utf-8")
    if turns is not None:
        (tmp_path / "turns.json").write_text(turns, "utf-8")
    with pytest.raises(SetupError, match="who says what"):
        read_talks([tmp_path / "all.jsonl"])
