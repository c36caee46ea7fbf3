"""Another server as the engine: any that has OpenAI's ``/audio/transcriptions``.

A window engine under LocalAgreement. Each job sends its window as a WAV file; the words come
back with times, and those already committed are taken off the front
(`livestt.engines.remote_answer`). The server keeps no state for us.

Costs of it: the window is sent again with every step, and `Engine.run` waits for its slowest
answer. So a batch is as many requests as the server may get at once.
"""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import numpy as np

from livestt.engines import (
    Capabilities,
    EngineSettings,
    Hypothesis,
    Job,
    Samples,
    StreamOptions,
)
from livestt.engines.remote_answer import fresh, read
from livestt.engines.remote_http import Client
from livestt.engines.whisper.prompts import hotwords_prompt
from livestt.errors import EngineError, UnsupportedOption
from livestt.languages import CODES
from livestt.timebase import SAMPLE_RATE, from_ms, to_seconds

KEY_VARIABLE = "LIVESTT_REMOTE_API_KEY"
SHORTEST = from_ms(100)
"""OpenAI refuses files shorter than this; nothing is said in them."""
MAX_PROMPT = 600
"""Characters of prompt and earlier transcript. Whisper reads at most 224 tokens of them."""


@dataclass(eq=False, slots=True)
class RemoteStream:
    """Nothing but the answer to a job whose batch failed elsewhere: it need not be paid twice."""

    answered: tuple[Job, Hypothesis] | None = field(default=None, repr=False)


class RemoteEngine:
    """A server shared by all sessions.

    Raises:
        UnsupportedOption: no address, or none that is one.
    """

    weights: ClassVar[Literal["ctranslate2"] | None] = None

    def __init__(self, settings: EngineSettings) -> None:
        url = _checked(settings.remote_url)
        self._model = settings.remote_model
        self._client = Client(url, os.environ.get(KEY_VARIABLE), settings.remote_timeout)
        self._pool = ThreadPoolExecutor(settings.remote_requests, "livestt-remote")
        self.capabilities = Capabilities(
            name="remote",
            model=f"{self._model} at {urlsplit(url).netloc}",
            streaming="window",
            languages=CODES,
            detects_language=True,
            translates=True,
            max_batch=settings.remote_requests,
            device="remote",
            notice=f"All speech is sent to {urlsplit(url).netloc}.",
        )

    def open(self, options: StreamOptions) -> RemoteStream:
        return RemoteStream()

    def release(self, stream: RemoteStream) -> None:
        stream.answered = None

    def reset(self, stream: RemoteStream) -> None: ...

    def batch_key(self, job: Job) -> Hashable:
        """Requests are independent."""
        return None

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        """Ask for all at once. If some fail, the others' answers are kept for the next time."""
        failures = [failure for failure in self._pool.map(self._answer, jobs) if failure]
        if failures:
            raise failures[0]
        answers = []
        for job in jobs:
            (_, answer), job.stream.answered = job.stream.answered, None
            answers.append(answer)
        return answers

    def close(self) -> None:
        self._client.close()
        self._pool.shutdown()

    def _answer(self, job: Job) -> EngineError | None:
        """Have the answer in the job's stream, or the reason why not."""
        stream: RemoteStream = job.stream
        if stream.answered is not None and stream.answered[0] is job:
            return None
        try:
            stream.answered = (job, self._ask(job))
        except EngineError as error:
            return error
        return None

    def _ask(self, job: Job) -> Hypothesis:
        if len(job.audio) < SHORTEST:
            return Hypothesis(())
        translate = job.options.task == "translate"
        fields: dict[str, str | list[str]] = {
            "model": self._model,
            "response_format": "verbose_json",
            "temperature": "0",
            "prompt": _prompt(job),
        }
        if not translate:
            fields["timestamp_granularities[]"] = ["word", "segment"]
            fields["language"] = job.options.language or ""
        path = "/audio/translations" if translate else "/audio/transcriptions"
        body = self._client.post(path, {k: v for k, v in fields.items() if v}, _wav(job.audio))
        answer = read(body, job)
        return Hypothesis(
            fresh(answer, job),
            language=answer.language,
            rejected="no_speech" if answer.silent else None,
            details={"window_seconds": to_seconds(len(job.audio))},
        )


def _checked(url: str | None) -> str:
    if url is None:
        raise UnsupportedOption(
            "--backend remote needs --remote-url: the address of a server that speaks OpenAI's "
            "API, such as http://host:8000/v1."
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnsupportedOption(
            f"--remote-url {url}: write the whole address, such as http://host:8000/v1."
        )
    if parts.username or parts.password:
        raise UnsupportedOption(
            f"--remote-url: put no password into the address, but a key into {KEY_VARIABLE}."
        )
    return url.rstrip("/")


def _prompt(job: Job) -> str:
    """Names and style, then what was said before the window: what comes last counts most."""
    fixed = hotwords_prompt(job.options.prompt, job.options.hotwords)[:MAX_PROMPT]
    earlier = "".join(word.text for word in job.context).strip()
    room = MAX_PROMPT - len(fixed)
    if len(earlier) > room:
        _, _, earlier = earlier[len(earlier) - room :].partition(" ") if room else ("", "", "")
    return " ".join(part for part in (fixed, earlier) if part)


def _wav(audio: Samples) -> bytes:
    """16-bit PCM: half the size of float, and every server reads it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(np.clip(audio * 32768.0, -32768, 32767).astype("<i2").tobytes())
    return file.getvalue()
