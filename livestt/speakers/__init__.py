"""The diarizer contract: who speaks when, and what a diarizer is asked and answers.

As with engines (`livestt.engines`), a **diarizer** is heavy, one per process and shared by all
sessions, and a **stream** is its cheap state for one session. A job carries the samples that its
stream has not heard yet; the answer says how likely each speaker is to be speaking, frame by
frame. `livestt.engines.scheduler` batches the jobs of all sessions in worker threads.

Speakers are numbered in the order in which they were first heard. Several may speak at once, or
none: nothing here decides, see `livestt.speakers.alignment`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from livestt.engines import Samples

Probabilities = npt.NDArray[np.float32]
"""Speaker activity in [0, 1], float32 ``[frames, speakers]``; a row need not sum to 1."""


@dataclass(frozen=True, slots=True)
class DiarizerCapabilities:
    """What a diarizer can do, and how soon."""

    name: str
    """Its registry name, e.g. ``sortformer``."""
    model: str
    """What is loaded, for people."""
    max_speakers: int
    """How many voices it can tell apart: columns of `Activity.probabilities`."""
    frame: int
    """Samples per frame of an answer."""
    step: int
    """Samples it answers at a time: fewer new ones may bring an answer without frames."""
    latency: int
    """Samples that must have come after the start of a step before it is answered: a frame is
    known when this much audio from the start of its step on was heard."""
    preset: str = ""
    """The latency setting it was loaded with, e.g. ``1.04``."""
    max_batch: int = 1
    """Most jobs `Diarizer.run` takes at once."""
    parallel: int = 1
    """How many calls of `Diarizer.run` may go on at the same time, each of other streams."""
    answers_within: float = 60.0
    """Seconds after which it must have hung over a job of a file."""
    device: str = "cpu"
    notice: str | None = None
    """One sentence that users should see, e.g. that this is a demonstration."""


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many speakers there are, as far as somebody knows."""

    least: int | None = None
    most: int | None = None


@dataclass(eq=False, slots=True)
class DiarizerJob:
    """One question to a diarizer: who spoke, now that this was said too?"""

    stream: Any
    """What `Diarizer.open` returned for this session."""
    audio: Samples
    """The samples since the stream's last job, silence included; may be empty. Much more than a
    step of them holds up the other sessions of the batch."""
    final: bool = False
    """True if nothing follows: the answer then covers all that was heard."""
    count: SpeakerCount | None = None
    """How many speakers there are. A hint, for diarizers that can use it."""


@dataclass(eq=False, slots=True)
class Activity:
    """An answer to one job: the frames that became certain, and never change again.

    The answers to a stream's jobs follow one another without gap or overlap, from sample 0 of the
    stream. The last one ends with the audio, give or take a frame or 10 ms.
    """

    start: int
    """Sample of the stream at which the first frame starts."""
    frame: int
    """Samples per frame."""
    probabilities: Probabilities

    @property
    def end(self) -> int:
        return self.start + self.frame * len(self.probabilities)


class Diarizer(Protocol):
    """A loaded model. Constructed with `DiarizerSettings`; may raise `SetupError` then."""

    capabilities: DiarizerCapabilities

    def open(self) -> Any:
        """Make the state of one session. Cheap, and safe to call from any thread."""

    def release(self, stream: Any) -> None:
        """Free what `open` made. Called once per stream; never while a job of it runs."""

    def batch_key(self, job: DiarizerJob) -> Hashable:
        """Jobs with equal keys may run in one batch."""

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        """Answer a batch of jobs of different streams, in order. Blocking; for worker threads.

        The answer to a job depends neither on the other jobs of the batch nor on how the audio
        was cut into jobs. If it fails, every stream of the batch is as it was before, so that
        the jobs can be run again.

        Raises:
            EngineError: the batch failed.
        """

    def close(self) -> None:
        """Free the model. No call follows."""


@runtime_checkable
class WithPresets(Protocol):
    """A diarizer whose weights can also work with another latency preset."""

    def at(self, latency: str) -> Diarizer:
        """The same model at another latency: shares the weights, and may work at the same time.

        Raises:
            UnsupportedOption: the model has no such preset.
        """


@dataclass(frozen=True, slots=True)
class DiarizerSettings:
    """What a diarizer needs to load. A subset of `livestt.settings.Settings`."""

    model: str = ""
    """A folder with a converted model, a checkpoint, or a hub repository."""
    latency: str = "1.04"
    """One of `livestt.speakers.presets.LATENCIES`, in seconds."""
    threads: int = 0
    """CPU threads; 0 lets the diarizer choose."""
    device: str = "auto"
    model_dir: str | None = None
    """Where downloaded weights are kept; None for the hub's usual cache."""
