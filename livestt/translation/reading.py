"""A translated line as if it had been spoken, for subtitles and other files. Pure."""

from __future__ import annotations

from dataclasses import replace

from livestt.events import Word
from livestt.segments import Segment
from livestt.writing import words as words_of


def in_translation(segment: Segment) -> Segment:
    """The line in the other language; unchanged where there is none, or it is a pause.

    Nobody said these words, so each gets the share of the line's time that its length is of the
    text.
    """
    translated = segment.translation
    if translated is None or segment.is_silence or not translated.text:
        return segment
    texts = words_of(" " + translated.text)
    length, whole = segment.end - segment.start, sum(map(len, texts))
    words, said = [], 0
    for piece in texts:
        start = segment.start + length * said // whole
        said += len(piece)
        end = max(start + 1, segment.start + length * said // whole)
        words.append(Word(piece, start, end, language=translated.language, speaker=segment.speaker))
    return replace(segment, text=translated.text, language=translated.language, words=tuple(words))
