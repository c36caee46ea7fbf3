"""Two people who can be told apart and known again, without a model."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import httpx2 as httpx
import numpy as np
from speakers.choir import sung

from livestt.engines import Samples
from livestt.engines.scripted import script_of
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.timebase import from_ms

from ..engines import Watched
from ..running import Running

TEXT = "My name is Ada Lovelace. And mine is Charles, how do you do? Very well, I thank you."
EDGES = (0, 5, 13, 18)
"""Words at which the speaker changes; each takes 400 ms."""
ADA, CHARLES, EVE = 1, 2, 3
RAW = {"encoding": "s16le", "mode": "diff", "words": "true"}


def diarizer(channels: Sequence[int] = (0, 1, 0)) -> ScriptedDiarizer:
    """Three turns on these channels."""
    times = [from_ms(400 * edge) for edge in EDGES]
    spans = ((c, *span) for c, span in zip(channels, pairwise(times), strict=True))
    return ScriptedDiarizer(turns=[ScriptedTurn(*span) for span in spans])


def engine() -> Watched:
    return Watched(script_of(TEXT))


def spoken(*voices: int) -> Samples:
    """The audio of the three turns, by these voices, and two seconds of nobody."""
    seconds = [0.4 * (end - start) for start, end in pairwise(EDGES)]
    parts = [sung(voice, long) for voice, long in zip(voices, seconds, strict=True)]
    return np.concatenate([*parts, np.zeros(32_000, np.float32)])


def pcm(samples: Samples) -> bytes:
    return (samples * 32767).round().astype("<i2").tobytes()


def wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes(pcm(samples))
    return file.getvalue()


def sample(voice: int, seconds: float = 3.0) -> bytes:
    return wav(sung(voice, seconds))


def enrol(
    server: Running, name: str, *samples: bytes, headers: dict[str, str] | None = None
) -> httpx.Response:
    files = [("file", (f"{i}.wav", data, "audio/wav")) for i, data in enumerate(samples)]
    return httpx.post(
        f"{server.http}/voices", data={"name": name}, files=files, headers=headers, timeout=60
    )


def voices(server: Running, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return httpx.get(f"{server.http}/voices", headers=headers).json()["voices"]


def message(**fields: Any) -> str:
    return json.dumps(fields)
