"""A translated line as if it had been said: for subtitles and other files. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from livestt.events import Word
from livestt.transcript import Segment

# A word with the space before it; in scripts without spaces a character.
_PIECES = re.compile(r"\s*(?:[\u0e00-\u109f\u1780-\u17ff\u3040-\u9fff]|[^\s\u3040-\u9fff]+)")


def in_translation(segment: Segment) -> Segment:
    """The line in the other language; unchanged where there is none, or it is a pause.

    Nobody said these words, so each gets the share of the line's time that its length is of the
    text.
    """
    translated = segment.translation
    if translated is None or segment.is_silence or not translated.text:
        return segment
    pieces = _PIECES.findall(" " + translated.text)
    length, whole = segment.end - segment.start, sum(map(len, pieces))
    words, said = [], 0
    for piece in pieces:
        start = segment.start + length * said // whole
        said += len(piece)
        end = max(start + 1, segment.start + length * said // whole)
        words.append(Word(piece, start, end, language=translated.language, speaker=segment.speaker))
    return replace(segment, text=translated.text, language=translated.language, words=tuple(words))
