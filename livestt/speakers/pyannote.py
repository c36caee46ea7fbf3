"""Files through a pipeline of pyannote.audio, which needs all of a file at once.

Bredin, "pyannote.audio 2.1 speaker diarization pipeline" (Interspeech 2023) and its successors. It
has no streams, so it is for files only, and keeps the file's samples until the end: 230 MB per
hour.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from livestt.engines import Samples
from livestt.errors import BadModel, EngineError, MissingExtra, SetupError
from livestt.speakers import (
    Activity,
    DiarizerCapabilities,
    DiarizerJob,
    DiarizerSettings,
    Probabilities,
    SpeakerCount,
)
from livestt.timebase import FOREVER, SAMPLE_RATE, from_ms, from_seconds

FRAME = from_ms(20)
STEP = from_seconds(30)
"""Samples handed over at a time."""
MAX_SPEAKERS = 20
LONGEST = 6 * 3600.0
"""Seconds that it may take for a file."""


class PyannoteStream:
    """What has been heard of one file."""

    def __init__(self) -> None:
        self.heard: list[Samples] = []


class PyannoteDiarizer:
    """Runs a diarization pipeline of pyannote.audio 4.

    Args:
        settings: ``model`` is a folder or a repository of the hub with such a pipeline; the hub's
            own means (``hf auth login``, ``HF_TOKEN``) say who you are.

    Raises:
        MissingExtra: pyannote.audio is not installed.
        SetupError: it is, and cannot be imported.
        BadModel: there is no such pipeline, or you may not have it.
    """

    def __init__(self, settings: DiarizerSettings) -> None:
        # It reports its use to its makers unless told not to.
        os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "false")
        try:
            import torch
            from pyannote.audio import Pipeline
        except ImportError as error:
            raise MissingExtra("--diarization-file-backend pyannote", "pyannote") from error
        except OSError as error:  # of libraries that do not belong together
            raise SetupError(
                f"pyannote.audio cannot be imported ({error}): torchaudio and torch must be builds "
                "for the same CUDA."
            ) from error
        self._torch = torch
        if settings.threads:
            torch.set_num_threads(settings.threads)
        device = settings.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            pipeline = Pipeline.from_pretrained(settings.model, cache_dir=settings.model_dir)
        except (OSError, ValueError, RuntimeError) as error:
            raise _unavailable(settings.model, str(error)) from error
        if pipeline is None:
            raise _unavailable(settings.model, "its conditions are not accepted, or no token")
        self._pipeline: Any = pipeline
        self._pipeline.to(torch.device(device))
        self.capabilities = DiarizerCapabilities(
            name="pyannote",
            model=settings.model,
            max_speakers=MAX_SPEAKERS,
            frame=FRAME,
            step=STEP,
            latency=FOREVER,  # it answers when the recording has ended
            device=device,
            answers_within=LONGEST,
        )

    def open(self) -> PyannoteStream:
        return PyannoteStream()

    def release(self, stream: PyannoteStream) -> None:
        stream.heard.clear()

    def batch_key(self, job: DiarizerJob) -> Hashable:
        return None

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        return [self._answer(job) for job in jobs]

    def close(self) -> None:
        del self._pipeline

    def _answer(self, job: DiarizerJob) -> Activity:
        stream: PyannoteStream = job.stream
        if job.final:
            whole = np.concatenate([*stream.heard, job.audio])
            return Activity(0, FRAME, self._diarize(whole, job.count or SpeakerCount()))
        stream.heard.append(job.audio)
        return Activity(0, FRAME, np.zeros((0, MAX_SPEAKERS), np.float32))

    def _diarize(self, audio: Samples, count: SpeakerCount) -> Probabilities:
        frames = -(-len(audio) // FRAME)
        if not frames:
            return np.zeros((0, MAX_SPEAKERS), np.float32)
        waveform = self._torch.from_numpy(np.ascontiguousarray(audio))[None]
        try:
            said = self._pipeline(
                {"waveform": waveform, "sample_rate": SAMPLE_RATE},
                min_speakers=count.least,
                max_speakers=count.most,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"pyannote.audio: {error}") from error
        said = getattr(said, "speaker_diarization", said)
        tracks = said.itertracks(yield_label=True)
        return activity(((turn.start, turn.end, name) for turn, _, name in tracks), frames)


def activity(turns: Iterable[tuple[float, float, str]], frames: int) -> Probabilities:
    """Turns as float32 ``[frames, MAX_SPEAKERS]`` of zeros and ones.

    Args:
        turns: start and end in seconds, and a name. Names become columns in the order in which
            they first speak; those beyond the last column are left out.
        frames: of 20 ms.
    """
    rows = np.zeros((frames, MAX_SPEAKERS), np.float32)
    columns: dict[str, int] = {}
    for start, end, name in sorted(turns):
        column = columns.setdefault(name, len(columns))
        if column < MAX_SPEAKERS:
            rows[_frame(start) : _frame(end), column] = 1.0
    return rows


def _frame(seconds: float) -> int:
    return max(0, round(seconds * SAMPLE_RATE / FRAME))


def _unavailable(model: str, reason: str) -> BadModel:
    return BadModel(
        f"{model} is not available ({reason}). Accept its conditions on the hub and run: hf auth "
        "login. Or name the folder of a pipeline with --diarization-file-model."
    )
