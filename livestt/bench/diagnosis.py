"""The verdicts of ``livestt diagnose``: what one file shows of machine and settings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from livestt.engines import Samples

QUIET = -40.0
"""dBFS; a recording whose loudest 20 ms are below this is hard to hear."""
CLIPPED = 0.001
"""Share of samples at full scale from which a recording sounds broken."""
FULL_SCALE = 0.999
LATE = 3.0
"""Seconds of lag after which captions no longer help."""
STARTS_LATE = 5.0
"""Seconds of a file after which something must have been decoded."""
DOUBTFUL = 0.2
"""Share of rejected answers from which the model does not get on with the audio."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The file itself."""

    seconds: float
    peak: float
    """dBFS of the loudest 20 ms."""
    clipped: float
    """Share of samples at full scale."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One job, from the question to the answer. Seconds since the first byte, or of audio."""

    submitted: float
    begun: float
    ended: float
    window: float
    """Audio in the job."""
    words: int
    rejected: str | None = None

    @property
    def waited(self) -> float:
        return self.begun - self.submitted

    @property
    def took(self) -> float:
        return self.ended - self.begun


@dataclass(frozen=True, slots=True)
class Moment:
    """How far everything was at one time. Seconds of audio."""

    at: float
    """Wall seconds since the first byte."""
    fed: float
    decoded: float
    heard: float
    """Worked off by the engine, or skipped as silence."""


@dataclass(slots=True)
class Probes:
    """Everything that was noted on the way."""

    sound: Sound
    speed: float
    model: str
    speech: list[tuple[float, float]] = field(default_factory=list)
    """Start and end of each utterance, seconds of audio."""
    asked: list[Asked] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    committed: list[tuple[float, int]] = field(default_factory=list)
    """When how many words were committed."""
    warnings: list[str] = field(default_factory=list)
    text: str = ""
    failure: str | None = None
    took: float = 0.0
    """Wall seconds from the first byte to the last word."""

    @property
    def spoken(self) -> float:
        return sum(end - start for start, end in self.speech)

    @property
    def load(self) -> float:
        """Seconds the engine worked per second that the audio lasted at this speed."""
        lasted = self.sound.seconds / self.speed if self.speed else self.took
        return sum(asked.took for asked in self.asked) / lasted if lasted else 0.0

    @property
    def words(self) -> int:
        return sum(count for _, count in self.committed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement, and what to do about it."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    says: str
    advice: str = ""


def listen_to(samples: Samples, rate: int) -> Sound:
    """Level and length of a recording."""
    frame = rate // 50
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power = float(np.square(whole, dtype=np.float64).mean(axis=1).max(initial=0.0))
    peak = 10 * float(np.log10(max(power, 1e-12)))
    clipped = float(np.mean(np.abs(samples) >= FULL_SCALE)) if len(samples) else 0.0
    return Sound(len(samples) / rate, peak, clipped)


def verdicts(probes: Probes) -> list[Verdict]:
    """Every judgement, in the order of the pipeline."""
    return [verdict for judge in JUDGES for verdict in judge(probes)]


def _sound(probes: Probes) -> Iterator[Verdict]:
    sound = probes.sound
    says = f"{sound.seconds:.1f} s, loudest at {sound.peak:.0f} dBFS"
    if sound.clipped >= CLIPPED:
        yield Verdict(
            "warn",
            "Sound",
            f"{says}; {sound.clipped:.1%} of it clipped",
            "Turn the microphone or the mixer down.",
        )
    elif sound.peak < QUIET:
        yield Verdict("warn", "Sound", f"{says}, which is very quiet", "Turn the microphone up.")
    else:
        yield Verdict("ok", "Sound", says)


def _decoding(probes: Probes) -> Iterator[Verdict]:
    first = next((moment for moment in probes.moments if moment.decoded > 0), None)
    if first is None:
        return
    if probes.speed and first.fed >= min(STARTS_LATE, 0.9 * probes.sound.seconds):
        yield Verdict(
            "warn",
            "Decoding",
            f"nothing could be decoded before {first.fed:.1f} s of the file had arrived",
            "Its index may be at the end: for live use send WebM, Ogg, MP3, WAV or PCM.",
        )
    else:
        yield Verdict("ok", "Decoding", f"began after {first.fed:.1f} s of the file")


def _speech(probes: Probes) -> Iterator[Verdict]:
    if not probes.speech:
        yield Verdict(
            "fail",
            "Speech",
            "none was found",
            "Check that the file has speech in it; for faint speech lower --vad-threshold, or "
            "use --no-vad.",
        )
        return
    share = probes.spoken / probes.sound.seconds if probes.sound.seconds else 0.0
    longest = max(end - start for start, end in probes.speech)
    says = f"{len(probes.speech)} utterances, {share:.0%} of the time, longest {longest:.1f} s"
    yield Verdict("ok", "Speech", says)


def _engine(probes: Probes) -> Iterator[Verdict]:
    if not probes.asked:
        return
    took = sorted(asked.took for asked in probes.asked)
    says = (
        f"{len(took)} jobs, median {1000 * took[len(took) // 2]:.0f} ms, slowest "
        f"{1000 * took[-1]:.0f} ms; {probes.load:.2f}x real time"
    )
    advice = "Use a smaller --model, --device cuda, or a larger --min-chunk-size."
    if probes.load >= 1:
        yield Verdict("fail", "Engine", f"{says}: it cannot keep up", advice)
    elif probes.load >= 0.7:
        yield Verdict("warn", "Engine", f"{says}: no room for a second session", advice)
    else:
        yield Verdict("ok", "Engine", says)
    yield from _rejected(probes)


def _rejected(probes: Probes) -> Iterator[Verdict]:
    reasons = [asked.rejected for asked in probes.asked if asked.rejected]
    if len(reasons) > DOUBTFUL * len(probes.asked):
        often = max(set(reasons), key=reasons.count)
        yield Verdict(
            "warn",
            "Answers",
            f"{len(reasons)} of {len(probes.asked)} were rejected, most often: {often}",
            "The model may be too small, the language wrong (--language), or the sound noisy; "
            "compare with --window full30.",
        )


def _text(probes: Probes) -> Iterator[Verdict]:
    if probes.failure is not None:
        yield Verdict("fail", "Session", probes.failure)
    for warning in dict.fromkeys(probes.warnings):
        yield Verdict("fail", "Session", warning)
    if probes.speech and not probes.words:
        yield Verdict(
            "fail",
            "Words",
            "speech was found, but no word was recognised",
            "Check --language and the model; is it speech, or music?",
        )
    elif probes.words:
        yield Verdict("ok", "Words", f"{probes.words} committed")


def _lag(probes: Probes) -> Iterator[Verdict]:
    if not (probes.speed and probes.moments):
        return
    worst = max(probes.moments, key=lambda moment: moment.decoded - moment.heard)
    lag = worst.decoded - worst.heard
    says = f"at most {lag:.1f} s of audio waited, {worst.at:.1f} s after the start"
    if lag > LATE * max(1.0, probes.speed):
        advice = "Captions are too late: see Engine, and what else runs on this machine."
        yield Verdict("fail", "Lag", says, advice)
    else:
        yield Verdict("ok", "Lag", says)


JUDGES: tuple[Callable[[Probes], Iterator[Verdict]], ...] = (
    _sound,
    _decoding,
    _speech,
    _engine,
    _text,
    _lag,
)
