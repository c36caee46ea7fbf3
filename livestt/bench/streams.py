"""Long streams of speech assembled from short recordings, ready to be sent.

Every session says all recordings in an order of its own with pauses of its own, so that sessions
do not ask for the same thing at the same time. Recordings are encoded once and shared.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from livestt.bench.encodings import Encoding, encode, header, is_raw
from livestt.bench.judge import Reference, Spoken, Turn
from livestt.bench.manifest import Item, speech_bounds
from livestt.bench.text import tokens
from livestt.bench.wire import pack
from livestt.engines import Samples
from livestt.timebase import from_seconds

Chunk = tuple[float, bytes]
"""When it is due, seconds from the first sample, and the bytes that go on the wire then."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """An item whose sound has been loaded, filled up with silence to whole frames."""

    item: Item
    samples: Samples
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """What one session sends."""

    parts: tuple[Recording | int, ...]
    """Recordings, and pauses in frames."""
    reference: Reference
    frames: int


class Studio:
    """Makes the streams of sessions.

    Args:
        recordings: items and their sound, float32 at 16 kHz.
        frame: seconds of audio per frame sent.
        language: of the speech.
    """

    def __init__(
        self, recordings: Sequence[tuple[Item, Samples]], frame: float, language: str | None
    ) -> None:
        self.frame = frame
        self.language = language
        self._step = from_seconds(frame)
        self._recordings = [self._filled(item, samples) for item, samples in recordings]
        self._packed: dict[tuple[Encoding, int], list[bytes]] = {}

    def _filled(self, item: Item, samples: Samples) -> Recording:
        padded = np.pad(samples, (0, -len(samples) % self._step))
        return Recording(item, padded, len(padded) // self._step)

    def stream(self, seconds: float, gap: float, seed: int) -> Stream:
        """Recordings until at least so many seconds have been said, and a pause after each.

        Args:
            seconds: least length of the speech and its pauses.
            gap: mean pause; each lasts between half and one and a half times as long.
            seed: decides order and pauses.
        """
        rng = random.Random(seed)
        parts: list[Recording | int] = []
        frames = 0
        waiting: list[Recording] = []
        while not parts or frames * self.frame < seconds:
            if not waiting:
                waiting = rng.sample(self._recordings, len(self._recordings))
            recording = waiting.pop()
            pause = max(1, round(gap * rng.uniform(0.5, 1.5) / self.frame))
            parts += [recording, pause]
            frames += recording.frames + pause
        return Stream(tuple(parts), self._reference(parts), frames)

    def _reference(self, parts: Sequence[Recording | int]) -> Reference:
        spoken: list[Spoken] = []
        turns: list[Turn] = []
        texts: list[str] = []
        at = 0
        for part in parts:
            if isinstance(part, int):
                at += part
                continue
            first = len(spoken)
            onset, end = self._bounds(part)
            begin = at * self.frame
            spoken += self._spoken(part.item, begin)
            if len(spoken) > first:
                turns.append(Turn(first, len(spoken), begin + onset, begin + end))
            texts.append(part.item.text)
            at += part.frames
        return Reference(" ".join(texts), tuple(spoken), tuple(turns))

    def _bounds(self, recording: Recording) -> tuple[float, float]:
        words = recording.item.words
        return (words[0][1], words[-1][2]) if words else speech_bounds(recording.samples)

    def _spoken(self, item: Item, begin: float) -> Iterator[Spoken]:
        if not item.words:
            for token in tokens(item.text, self.language):
                yield Spoken(token.text)
        for word, start, end in item.words:
            for token in tokens(word, self.language):
                yield Spoken(token.text, begin + start, begin + end)

    def chunks(self, stream: Stream, encoding: Encoding) -> Iterator[Chunk]:
        """The frames of a stream as they go on the wire."""
        if not is_raw(encoding):
            sound = np.concatenate([self._sound(part) for part in stream.parts])
            yield from ((due, pack(data)) for due, data in encode(sound, encoding, self.frame))
            return
        opening = header(encoding)
        if opening:
            yield 0.0, pack(opening)
        number = 0
        for part in stream.parts:
            for data in self._frames(part, encoding):
                number += 1
                yield number * self.frame, data

    def _sound(self, part: Recording | int) -> Samples:
        return np.zeros(part * self._step, np.float32) if isinstance(part, int) else part.samples

    def _frames(self, part: Recording | int, encoding: Encoding) -> list[bytes]:
        """Ready frames of one recording or pause, made the first time they are wanted."""
        if isinstance(part, int):
            return self._pack_all(0, np.zeros(self._step, np.float32), encoding) * part
        return self._pack_all(id(part), part.samples, encoding)

    def _pack_all(self, key: int, samples: Samples, encoding: Encoding) -> list[bytes]:
        packed = self._packed.get((encoding, key))
        if packed is None:
            cuts = range(0, len(samples) + 1, self._step)
            packed = [
                pack(b"".join(data for _, data in encode(samples[a:b], encoding, self.frame)))
                for a, b in pairwise(cuts)
            ]
            self._packed[encoding, key] = packed
        return packed
