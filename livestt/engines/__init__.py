"""The engine contract: what runs a model, and what it is asked and answers.

An **engine** is heavy, one per process and shared by all sessions. A **stream** is its cheap
state for one session. Sessions never talk to an engine: they produce `Job` objects, and the
scheduler (`livestt.engines.scheduler`) hands batches of them to `Engine.run` in worker
threads. `run` is called by at most ``Capabilities.parallel`` of them at the same time, never
twice for one stream.

Two families share the contract:

- *window* engines (Whisper) are stateless: a job carries the whole audio window, the committed
  words spoken inside it (``prefix``) and earlier text (``context``);
- *native* engines (PocketSphinx, cache-aware transducers) keep state in the stream: a job
  carries only the samples the stream has not heard yet.

`livestt.engines.conformance` states the laws every engine must keep.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from livestt.events import Word

Samples = npt.NDArray[np.float32]
"""Mono audio at 16 kHz, float32 in [-1, 1], shape ``[n]``."""

Task = Literal["transcribe", "translate"]

MAX_PREFIX_TOKENS = 10
"""Most tokens of a job's prefix of several words: each costs a decoder step."""
MAX_WORD_TOKENS = 32
"""Most tokens of a prefix of one word. In many scripts each letter takes several; without a prefix
the engine would take what is left of the word for another one."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do. Asked before a session opens, so that refusals come early."""

    name: str
    """The engine's registry name, e.g. ``faster-whisper``."""
    model: str
    """What is loaded, for people: a size, a repository or a folder name."""
    streaming: Literal["window", "native"]
    languages: frozenset[str] = frozenset({"en"})
    """ISO 639-1 codes it can transcribe."""
    detects_language: bool = False
    translates: bool = False
    """Whether it can answer task ``translate`` (into English)."""
    attends: bool = False
    """Whether hypotheses carry ``attended``, which AlignAtt needs."""
    max_window_seconds: float = 30.0
    """Longest audio of one job."""
    max_batch: int = 1
    """Most jobs `Engine.run` takes at once."""
    parallel: int = 1
    """How many calls of `Engine.run` may go on at the same time, each of other streams."""
    device: str = "cpu"
    notice: str | None = None
    """One sentence that users should see, e.g. that this is the low-accuracy fallback."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What one session asks of the engine. Never written on the engine itself."""

    language: str | None = None
    """ISO 639-1 code, or None to detect it."""
    task: Task = "transcribe"
    prompt: str = ""
    """Text that comes before the transcript: names, spelling, style."""
    hotwords: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class Job:
    """One question to an engine: what was said in this audio?"""

    stream: Any
    """What `Engine.open` returned for this session."""
    audio: Samples
    """Window engines: the whole window. Native engines: the samples since the last job."""
    start: int
    """Session sample index of ``audio[0]``."""
    final: bool
    """True if nothing more will be said in this utterance."""
    options: StreamOptions
    prefix: tuple[Word, ...] = ()
    """Committed words spoken inside ``audio``; the answer continues after them."""
    context: tuple[Word, ...] = ()
    """Committed words from before ``audio``, oldest first."""

    @property
    def end(self) -> int:
        return self.start + len(self.audio)


@dataclass(eq=False, slots=True)
class Hypothesis:
    """An engine's answer to one job.

    Words carry session sample times, are ordered, do not overlap, and do not include the job's
    prefix. Native engines answer with all words of the current utterance each time.
    """

    words: tuple[Word, ...]
    attended: tuple[int, ...] | None = None
    """For each word the last sample the decoder looked at to write it (AlignAtt), or None."""
    stable: int = 0
    """How many leading words the engine vouches for (native engines)."""
    language: str | None = None
    language_probability: float = 1.0
    rejected: str | None = None
    """Why the engine itself distrusts this answer (``"no_speech"``, ``"loop"`` ...), or None.
    ``"too_long"`` says that shorter audio can be answered. The words of a rejected answer are not
    shown."""
    details: dict[str, float] = field(default_factory=dict)
    """Figures for metrics, e.g. ``window_seconds``; nothing depends on them."""


class Engine(Protocol):
    """A loaded model. Constructed with an `EngineSettings`; may raise `SetupError` then."""

    capabilities: Capabilities

    def open(self, options: StreamOptions) -> Any:
        """Make the state of one session. Cheap, or at least safe to call from a worker thread.

        Raises:
            EngineError: no further stream can be opened.
        """

    def release(self, stream: Any) -> None:
        """Free what `open` made. Called once per stream; never while a job of it runs."""

    def reset(self, stream: Any) -> None:
        """Forget the current utterance. Called between utterances, never during a job."""

    def batch_key(self, job: Job) -> Hashable:
        """Jobs with equal keys may run in one batch."""

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        """Answer a batch, in order. Blocking; called from worker threads.

        The answer to a job must not depend on the other jobs of the batch.

        Raises:
            EngineError: the batch failed; the scheduler retries each job alone once.
        """

    def close(self) -> None:
        """Free the model. No call follows."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine needs to load. A subset of `livestt.settings.Settings`."""

    model: str = "base"
    """A size (``base``), a hub repository (``org/name``) or a local path."""
    device: str = "auto"
    device_index: int = 0
    """Which of several GPUs."""
    compute_type: str = "default"
    threads: int = 0
    """CPU threads; 0 lets the engine choose."""
    model_dir: str | None = None
    """Where downloaded weights are kept; None for the hub's usual cache."""
    window: Literal["short", "full30"] = "short"
    max_context_tokens: int = 16
    """Earlier transcript a window engine is shown before the audio; 0 shows none."""
    chunk_ms: int = 0
    """Audio a transducer encodes at a time, in milliseconds; 0 lets the model choose."""
    remote_url: str | None = None
    """Base of another server's API, such as ``https://host/v1``."""
    remote_model: str = "whisper-1"
    """The model that the other server should use."""
    remote_timeout: float = 20.0
    """Seconds the other server may take for an answer."""
    remote_requests: int = 4
    """Most requests at once."""
    lora_path: str | None = None
    """Folder of a LoRA adapter to merge into the model."""
    assistant_model: str | None = None
    """A smaller model that drafts whole utterances; a size, repository or folder."""
    alignment_heads: str | None = None
    """``layer:head`` pairs, comma separated, in place of those the model names itself."""
