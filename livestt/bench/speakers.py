"""How well speakers are told apart: live, through the whole pipeline, against who really spoke.

Error rates are those of pyannote.metrics (Bredin, 2017) and, of words, those of meeteval
(von Neumann et al., 2023). Overlapping speech counts.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import numpy as np

from livestt.bench.manifest import read_recording
from livestt.bench.talks import Spoken, Talk
from livestt.bench.text import spelled
from livestt.engines import Engine, Samples
from livestt.errors import MissingExtra
from livestt.events import Attributed, Committed, Event, Progress, SpeakerTurn, Word
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.testing import Harness
from livestt.timebase import SAMPLE_RATE, to_seconds

MARGIN = 0.25
"""Seconds by which turns may be longer than speech."""
COLLAR = 5.0
"""Seconds by which words may be off in the time-constrained word error rate."""


@dataclass(slots=True)
class Heard:
    """What a session said of its speakers."""

    turns: list[SpeakerTurn] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    speakers: list[int | None] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    """Audio received between the end of a word and its speaker, seconds."""
    changes: int = 0
    """Words whose speaker was corrected."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All figures of one recording; None where the reference does not allow them."""

    id: str
    seconds: float
    speakers: int
    speakers_heard: int
    in_silence: float
    """Seconds of turns, more than a quarter second away from any true one."""
    in_order: bool
    """Whether the speakers were numbered in the order in which they first spoke."""
    der: float
    der_collar: float
    jer: float
    words: int
    right: float | None
    """Part of the words that are over their true speaker's turn."""
    cpwer: float | None
    tcpwer: float | None
    label_changes: float
    delay_p50: float | None
    delay_p95: float | None


def listen(
    talk: Talk, engine: Engine, diarizer: Diarizer, settings: Settings, speed: float
) -> tuple[Heard, float]:
    """Play a recording to a session, and its length in seconds. Blocking."""
    samples = read_recording(talk.path)
    heard = anyio.run(partial(_listen, samples, engine, diarizer, settings, speed))
    return heard, len(samples) / SAMPLE_RATE


async def _listen(
    samples: Samples, engine: Engine, diarizer: Diarizer, settings: Settings, speed: float
) -> Heard:
    async with Harness(engine, settings, diarizer=diarizer) as harness:
        await harness.feed(samples, speed=speed)
        await harness.finish(within=600)
        return heard_in(harness.events)


def heard_in(events: Iterable[Event]) -> Heard:
    """Fold a session's events."""
    heard, received = Heard(), 0
    for event in events:
        match event:
            case Progress():
                received = event.received
            case Committed(words):
                heard.words += words
            case SpeakerTurn():
                heard.turns.append(event)
            case Attributed(first, voices):
                new = [voice.speaker for voice in voices]
                old = heard.speakers[first : first + len(new)]
                heard.changes += sum(a != b for a, b in zip(old, new, strict=False))
                heard.speakers[first : first + len(new)] = new
                fresh = heard.words[first + len(old) : first + len(new)]
                heard.delays += [to_seconds(received - word.end) for word in fresh]
            case _:
                pass
    return heard


def scores(talk: Talk, heard: Heard, seconds: float) -> Scores:
    """Compare what was heard with who really spoke."""
    metrics = _needed("pyannote.metrics.diarization")
    reference = annotation((turn.start, turn.end, turn.speaker) for turn in talk.turns)
    hypothesis = annotation(
        (to_seconds(t.start), to_seconds(t.end), str(t.speaker)) for t in heard.turns
    )
    whole = _needed("pyannote.core").Timeline([_needed("pyannote.core").Segment(0.0, seconds)])
    rates = {
        "der": metrics.DiarizationErrorRate(collar=0.0, skip_overlap=False),
        "der_collar": metrics.DiarizationErrorRate(collar=0.5, skip_overlap=False),
        "jer": metrics.JaccardErrorRate(collar=0.0, skip_overlap=False),
    }
    figures = {name: float(rate(reference, hypothesis, uem=whole)) for name, rate in rates.items()}
    errors = _word_errors(talk, heard)
    mapping = rates["der"].optimal_mapping(reference, hypothesis)
    delays = heard.delays
    return Scores(
        talk.id,
        seconds,
        len({turn.speaker for turn in talk.turns}),
        len({turn.speaker for turn in heard.turns}),
        in_silence=_in_silence(talk, heard),
        in_order=_in_order(talk, mapping),
        words=len(heard.words),
        right=_right(talk, heard, mapping),
        **figures,
        cpwer=errors and errors[0],
        tcpwer=errors and errors[1],
        label_changes=heard.changes / max(1, len(heard.words)),
        delay_p50=float(np.quantile(delays, 0.5)) if delays else None,
        delay_p95=float(np.quantile(delays, 0.95)) if delays else None,
    )


def annotation(turns: Iterable[tuple[float, float, str]]) -> Any:
    """Turns as pyannote keeps them."""
    core = _needed("pyannote.core")
    result = core.Annotation(uri="talk")
    for number, (start, end, speaker) in enumerate(turns):
        result[core.Segment(start, end), number] = speaker
    return result


def _in_silence(talk: Talk, heard: Heard) -> float:
    """Seconds of turns where nobody speaks."""
    core = _needed("pyannote.core")
    said = core.Timeline([core.Segment(t.start - MARGIN, t.end + MARGIN) for t in talk.turns])
    turns = core.Timeline([core.Segment(to_seconds(t.start), to_seconds(t.end))
                           for t in heard.turns])  # fmt: skip
    return float(turns.support().extrude(said.support()).duration())


def _in_order(talk: Talk, mapping: Mapping[str, str]) -> bool:
    """Whether speaker 1 is who spoke first, and so on; of those who were heard."""
    arrival = list(dict.fromkeys(turn.speaker for turn in sorted(talk.turns, key=_start)))
    numbers = {true: int(number) for number, true in mapping.items()}
    heard = [numbers[speaker] for speaker in arrival if speaker in numbers]
    return heard == sorted(heard)


def _start(turn: Spoken) -> float:
    return turn.start


def _right(talk: Talk, heard: Heard, mapping: Mapping[str, str]) -> float | None:
    """Words whose speaker is one of those who really speak over the middle of the word."""
    judged = right = 0
    for word, speaker in zip(heard.words, heard.speakers, strict=False):
        middle = to_seconds((word.start + word.end) // 2)
        true = {turn.speaker for turn in talk.turns if turn.start <= middle < turn.end}
        if true:
            judged += 1
            right += mapping.get(str(speaker)) in true
    return right / judged if judged else None


def _word_errors(talk: Talk, heard: Heard) -> tuple[float, float] | None:
    """Word error rates in which a word at the wrong speaker is an error: at any time, and with
    times that must be about right."""
    if not talk.words_known:
        return None
    meeteval = _needed("meeteval")
    reference = meeteval.io.SegLST([
        _segment(turn.speaker, turn.start, turn.end, turn.text or "") for turn in talk.turns
    ])  # fmt: skip
    hypothesis = meeteval.io.SegLST([
        _segment(str(speaker), to_seconds(word.start), to_seconds(word.end), word.text)
        for word, speaker in zip(heard.words, heard.speakers, strict=False)
    ])  # fmt: skip
    cp = meeteval.wer.cpwer(reference, hypothesis)["talk"].error_rate
    tcp = meeteval.wer.tcpwer(reference, hypothesis, collar=COLLAR)["talk"].error_rate
    return float(cp), float(tcp)


def _segment(speaker: str, start: float, end: float, text: str) -> dict[str, Any]:
    return {
        "session_id": "talk",
        "speaker": speaker,
        "start_time": start,
        "end_time": end,
        "words": spelled(text, "en"),
    }


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra("livestt bench speakers", "bench-speakers") from error
