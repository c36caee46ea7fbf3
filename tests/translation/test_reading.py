from __future__ import annotations

from itertools import pairwise

import pytest

from livestt.events import Translated, Word
from livestt.segments import Segment
from livestt.subtitles import cues
from livestt.translation.reading import in_translation

WORDS = (Word(" Good", 16_000, 20_000), Word(" morning.", 20_000, 32_000))
LINE = Segment(3, 16_000, 32_000, "Good morning.", 2, "en", WORDS)


@pytest.mark.parametrize(
    "text", ["Guten Morgen, alle.", "早上好。", "おはよう ございます", "ที่นี่ดี", "a"]
)
def test_a_translation_reads_like_a_line(text: str) -> None:
    line = in_translation(
        Segment(3, 16_000, 32_000, "Good morning.", 2, "en", WORDS, Translated(3, text, "xx"))
    )
    assert (line.text, line.language, line.speaker) == (text, "xx", 2)
    assert "".join(word.text for word in line.words).strip() == text
    assert line.words[0].start == 16_000
    assert line.words[-1].end == 32_000
    assert all(one.end <= other.start for one, other in pairwise(line.words))
    assert [part for cue in cues([line]) for part in cue.lines] == [text]


def test_what_has_none_stays() -> None:
    pause = Segment(4, 0, 5, None)
    assert in_translation(LINE) == LINE
    assert in_translation(pause) == pause
