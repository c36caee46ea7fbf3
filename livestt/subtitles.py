"""A transcript as a file: plain text, Markdown, SubRip, WebVTT, TSV, JSON. Pure.

Subtitles are cut into cues that can be read: two lines of 42 columns, seven seconds, broken
after punctuation where there is some, always between words and at the words' own times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from livestt.events import Word
from livestt.segments import Segment, joined, main_language
from livestt.timebase import SAMPLES_PER_MS, clock, from_seconds, subtitle_clock, to_ms, to_seconds
from livestt.writing import PAUSES, columns

LINE = 42
"""Columns of a line; what broadcasters agree on."""
LINES = 2
LONGEST = from_seconds(7)
"""Longest a cue of several words may cover."""
SHORTEST = from_seconds(0.8)
"""A cue stays at least this long where the next one leaves room."""


_PAUSES = tuple(PAUSES)
Names = Mapping[int, str]
NOBODY: Names = {}


class Spoken(Protocol):
    """What can be written down; `livestt.transcript.Transcript` is one."""

    @property
    def segments(self) -> Iterable[Segment]: ...
    @property
    def text(self) -> str: ...
    @property
    def language(self) -> str | None: ...
    @property
    def duration(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle as it is shown. Samples."""

    start: int
    end: int
    lines: tuple[str, ...]
    speaker: int | None = None


def render(
    spoken: Spoken, format: str, names: Mapping[int, str] | None = None, title: str = ""
) -> str:
    """Write a transcript in one of `FORMATS`, ending with a newline.

    Args:
        spoken: the transcript.
        format: a key of `FORMATS`.
        names: of speakers, by number; the others are "Speaker 1" and so on.
        title: what it is called, for Markdown; the others have no place for it.
    """
    text = FORMATS[format](spoken, names or {})
    if format == "md" and title:
        return f"# {_plain(' '.join(title.split()))}\n\n{text}".rstrip() + "\n"
    return text


def cues(segments: Iterable[Segment]) -> list[Cue]:
    """Cut segments into readable cues, in order; every word is in exactly one."""
    short = [
        Cue(run[0].start, run[-1].end, _wrap(run), segment.speaker)
        for segment in segments
        for run in _readable(_visible(segment.words))
    ]
    return _lengthen(short)


def _visible(words: Iterable[Word]) -> list[Word]:
    """The words that show, each on one line: a blank line would end the cue."""
    shown = []
    for word in words:
        text = " ".join(word.text.split())
        if text:
            space = " " if word.text[0].isspace() else ""
            shown.append(replace(word, text=space + text))
    return shown


def _readable(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    while words:
        count = _fitting(words)
        rest = words[count:]
        if rest and _is_one_cue(rest):
            count = _halfway(words, count)
        elif rest:
            count = _after_punctuation(words[:count])
        yield words[:count]
        words = words[count:]


def _fitting(words: Sequence[Word]) -> int:
    """How many leading words one cue holds; at least one."""
    count = 1
    while (
        count < len(words)
        and words[count].end - words[0].start <= LONGEST
        and _fits(words[: count + 1])
    ):
        count += 1
    return count


def _is_one_cue(words: Sequence[Word]) -> bool:
    return len(words) == 1 or (words[-1].end - words[0].start <= LONGEST and _fits(words))


def _fits(words: Sequence[Word]) -> bool:
    lines = _wrap(words)
    return len(lines) <= LINES and all(columns(line) <= LINE for line in lines)


def _halfway(words: Sequence[Word], most: int) -> int:
    """Where two cues of about equal length meet, sooner after punctuation.

    Filling the first one would leave the second a word or two, gone in the blink of an eye.
    """
    possible = [count for count in range(1, most + 1) if _is_one_cue(words[count:])]

    def unevenness(count: int) -> int:
        first, second = columns(joined(words[:count])), columns(joined(words[count:]))
        return abs(first - second) - LINE // 2 * words[count - 1].text.endswith(_PAUSES)

    return min(possible, key=unevenness)


def _after_punctuation(words: Sequence[Word]) -> int:
    """Where to break: after the last punctuation of the second half, or at the end."""
    for count in range(len(words), len(words) // 2, -1):
        if words[count - 1].text.endswith(_PAUSES):
            return count
    return len(words)


def _wrap(words: Sequence[Word]) -> tuple[str, ...]:
    """One line, or two of about equal length, sooner broken after punctuation."""
    text = joined(words)
    if columns(text) <= LINE or len(words) == 1:
        return (text,)
    pairs = [(joined(words[:i]), joined(words[i:])) for i in range(1, len(words))]
    return min(pairs, key=_raggedness)


def _raggedness(pair: tuple[str, str]) -> tuple[bool, int]:
    longer = max(map(columns, pair))
    return longer > LINE, longer - 10 * pair[0].endswith(_PAUSES)


def _lengthen(short: Sequence[Cue]) -> list[Cue]:
    """Leave brief cues on screen longer, never over the next one."""
    limits = [following.start for following in short[1:]] + [None] if short else []
    return [_stretch(cue, limit) for cue, limit in zip(short, limits, strict=True)]


def _stretch(cue: Cue, limit: int | None) -> Cue:
    wanted = max(cue.end, cue.start + SHORTEST)
    end = wanted if limit is None else max(cue.end, min(wanted, limit))
    return replace(cue, end=max(end, cue.start + SAMPLES_PER_MS))


def _named(segments: Iterable[Segment], names: Names = NOBODY) -> Iterator[Segment]:
    """Write the speaker before the first word of each turn."""
    before: int | None = None
    for segment in segments:
        if segment.speaker is not None and segment.speaker != before and segment.words:
            first, *rest = segment.words
            named = replace(
                first, text=f" {speaker_name(segment.speaker, names)}: {first.text.strip()}"
            )
            before = segment.speaker
            yield replace(segment, words=(named, *rest))
        else:
            yield segment


def speaker_name(number: int, names: Names) -> str:
    """What a speaker is called, on one line."""
    return " ".join(names.get(number, "").split()) or f"Speaker {number}"


def _spoken(spoken: Spoken) -> list[Segment]:
    return [segment for segment in spoken.segments if segment.words]


def to_text(spoken: Spoken, names: Names = NOBODY) -> str:
    """One line per segment."""
    lines = (" ".join(joined(segment.words).split()) for segment in _named(_spoken(spoken), names))
    return "".join(f"{line}\n" for line in lines if line)


def to_srt(spoken: Spoken, names: Names = NOBODY) -> str:
    blocks = []
    for number, cue in enumerate(cues(_named(_spoken(spoken), names)), 1):
        # A bare arrow in the text would read as a time line.
        text = "\n".join(line.replace("-->", "-- >") for line in cue.lines)
        blocks.append(f"{number}\n{_times(cue, ',')}\n{text}\n")
    return "\n".join(blocks)


def to_vtt(spoken: Spoken, names: Names = NOBODY) -> str:
    blocks = ["WEBVTT\n"]
    for cue in cues(_spoken(spoken)):
        text = "\n".join(map(_escape, cue.lines))
        voice = "" if cue.speaker is None else f"<v {_escape(speaker_name(cue.speaker, names))}>"
        blocks.append(f"{_times(cue, '.')}\n{voice}{text}\n")
    return "\n".join(blocks)


def to_markdown(spoken: Spoken, names: Names = NOBODY) -> str:
    """A paragraph per segment; who speaks, and when, before the first of a turn."""
    blocks, before = [], None
    for segment in _spoken(spoken):
        if segment.speaker is not None and segment.speaker != before:
            who = _plain(speaker_name(segment.speaker, names))
            blocks.append(f"**{who}** ({clock(segment.start).split('.')[0]})")
        before = segment.speaker
        blocks.append(_plain(" ".join(joined(segment.words).split())))
    return "".join(f"{block}\n\n" for block in blocks).removesuffix("\n")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>#|~]|^[-+](?= )|^\d+(?=[.)] ))", r"\\\1", text)


def _times(cue: Cue, decimal: str) -> str:
    start = subtitle_clock(cue.start, decimal=decimal)
    return f"{start} --> {subtitle_clock(cue.end, decimal=decimal)}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_tsv(spoken: Spoken, names: Names = NOBODY) -> str:
    """Start and end in milliseconds, and text; one segment a line."""
    rows = ["start\tend\ttext"]
    for segment in _named(_spoken(spoken), names):
        text = " ".join(joined(segment.words).split())
        rows.append(f"{to_ms(segment.start)}\t{to_ms(segment.end)}\t{text}")
    return "\n".join(rows) + "\n"


def to_json(spoken: Spoken, names: Names = NOBODY) -> str:
    return _dump(_with_names(as_dict(spoken), names))


def to_verbose_json(spoken: Spoken, names: Names = NOBODY) -> str:
    """JSON with every word, its times and how sure the model was."""
    return _dump(_with_names(as_dict(spoken, words=True), names))


def as_dict(spoken: Spoken, *, words: bool = False) -> dict[str, Any]:
    """What the JSON formats hold; times in seconds."""
    segments = _spoken(spoken)
    result: dict[str, Any] = {
        "text": spoken.text.strip(),
        "language": spoken.language or main_language([w for s in segments for w in s.words]),
        "duration": to_seconds(spoken.duration),
        "segments": [_segment(segment) for segment in segments],
    }
    if words:
        result["words"] = [_word(word) for segment in segments for word in segment.words]
    return result


def _with_names(written: dict[str, Any], names: Names) -> dict[str, Any]:
    if not names:
        return written
    return {**written, "speakers": {str(number): name for number, name in names.items()}}


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "start": to_seconds(segment.start),
        "end": to_seconds(segment.end),
        "text": joined(segment.words),
        "speaker": segment.speaker,
        "language": segment.language,
    }


def _word(word: Word) -> dict[str, Any]:
    return {
        "word": word.text.strip(),
        "start": to_seconds(word.start),
        "end": to_seconds(word.end),
        "probability": round(word.score, 3),
        "speaker": word.speaker,
    }


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Spoken, Names], str]] = {
    "text": to_text,
    "txt": to_text,
    "srt": to_srt,
    "vtt": to_vtt,
    "tsv": to_tsv,
    "md": to_markdown,
    "json": to_json,
    "verbose_json": to_verbose_json,
}
EXTENSIONS: Mapping[str, str] = {"text": "txt", "verbose_json": "json"}
"""File name endings that differ from the name of their format."""
