"""From recordings of one person to a voice profile. Blocking; for worker threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import BinaryIO

import numpy as np

from livestt.audio import BackendName
from livestt.audio.reading import read_audio
from livestt.engines import Samples
from livestt.errors import EngineError, UnusableSample
from livestt.settings import Settings
from livestt.speakers.embeddings import EmbedderJob, Embedding, cosine
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.identification import UNLIKE
from livestt.speakers.scheduler import EmbedderScheduler
from livestt.timebase import from_seconds, to_seconds
from livestt.vad import FRAME
from livestt.vad.silero import VadStream

SHORTEST = from_seconds(1.5)
"""Of the speech in a sample; 2 s of somebody talking hold some pauses."""
LONGEST = from_seconds(30)
"""Of a sample, speech or not; 2 to 10 s are asked for."""
PATIENCE = 60.0
"""Seconds for the embedder's answer."""
SPOKEN = 0.5
"""Chance of speech from which a frame of a sample counts."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What it takes to hear a sample."""

    embedder: EmbedderScheduler
    threshold: float
    """Cosine from which two voices are one person's."""
    decoder: BackendName
    """What reads containers."""
    open_vad: Callable[[], VadStream | None] | None = None
    """Opens a voice detector for a sample; without one everything is speech."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        embedder: EmbedderScheduler,
        open_vad: Callable[[], VadStream | None] | None = None,
    ) -> Listener:
        """Of a server, or a command, with these settings."""
        threshold = settings.voice_threshold or embedder.engine.capabilities.threshold
        return cls(embedder, threshold, settings.decoder, open_vad)


def enrolled(samples: Sequence[BinaryIO], listener: Listener) -> HeardVoice:
    """The voice that all of these recordings show.

    Args:
        samples: audio files in any form, 2 to 10 s of one person each.
        listener: hears them.

    Raises:
        BadAudio: one of them holds no audio that can be decoded.
        UnusableSample: too short, too long, no speech, or two different voices.
        EngineError: the embedder failed.
    """
    heard = [_heard(file, number, listener) for number, file in enumerate(samples, 1)]
    for (one, first), (other, second) in combinations(enumerate(heard, 1), 2):
        alike = cosine(first.embedding, second.embedding)
        if alike < listener.threshold - UNLIKE:
            raise UnusableSample(
                f"samples {one} and {other} sound like two people (cosine {alike:.2f}): send "
                "samples of one person"
            )
    whole = heard[0]
    for voice in heard[1:]:
        whole += voice
    return whole


def embedded(audio: Samples, embedder: EmbedderScheduler) -> Embedding:
    """The embedding of a piece of speech, behind live jobs of other sessions.

    Raises:
        EngineError: the embedder failed, or does not answer.
    """
    done = threading.Event()
    ticket = embedder.submit(EmbedderJob(audio), time.monotonic(), done.set, background=True)
    if not done.wait(PATIENCE):
        embedder.withdraw(ticket)
        raise EngineError(f"no answer from the embedder within {PATIENCE:.0f} s")
    if ticket.answer is None:
        raise EngineError(f"the voice could not be compared: {ticket.failure}")
    return ticket.answer


def _heard(file: BinaryIO, number: int, listener: Listener) -> HeardVoice:
    speech = _speech(file, number, listener)
    if len(speech) < SHORTEST:
        raise UnusableSample(
            f"sample {number} has {to_seconds(len(speech))} s of speech: send 2 to 10 s"
        )
    return HeardVoice.of(embedded(speech, listener.embedder), len(speech))


def _speech(file: BinaryIO, number: int, listener: Listener) -> Samples:
    """What is said in a recording, without the pauses."""
    blocks, total = [np.zeros(0, np.float32)], 0
    for block in read_audio(file, backend=listener.decoder):
        blocks.append(block)
        total += len(block)
        if total > LONGEST:
            raise UnusableSample(
                f"sample {number} is longer than {to_seconds(LONGEST):.0f} s: send 2 to 10 s"
            )
    audio = np.concatenate(blocks)
    detector = None if listener.open_vad is None else listener.open_vad()
    if detector is None:
        return audio
    frames = np.pad(audio, (0, -len(audio) % FRAME)).astype(np.float32)
    spoken = np.repeat(detector.probabilities(frames) >= SPOKEN, FRAME)[: len(audio)]
    return np.asarray(audio[spoken], np.float32)
