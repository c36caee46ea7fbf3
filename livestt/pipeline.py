"""From settings to a working pipeline, and files through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from livestt.audio import open_decoder
from livestt.audio.format import AudioFormat
from livestt.audio.frontend import Frontend, Heard
from livestt.engines import Capabilities, Engine, StreamOptions
from livestt.errors import BadAudio, EngineError
from livestt.events import Warned
from livestt.policies import Policy, PolicyName, choose
from livestt.session import Session
from livestt.settings import Settings
from livestt.timebase import from_seconds, to_seconds
from livestt.transcript import Layout, Transcript
from livestt.tuning import Tuning
from livestt.vad.endpointing import EndpointingOptions
from livestt.vad.silero import SileroVad, VadStream

READ = 1 << 16
"""Bytes of a file read at a time."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one session works where that differs from the settings; None leaves it to them."""

    endpointing: EndpointingOptions | None = None
    """When speech starts and ends."""
    vad: bool | None = None
    """False hears speech everywhere; True still needs a server with voice detection."""
    tuning: Tuning | None = None
    """Step and window lengths."""
    policy: PolicyName | None = None
    """When words are committed."""


class Pipeline:
    """What all sessions of a server share, apart from the engine itself: settings and the VAD.

    Args:
        settings: the operator's settings.
        engine: capabilities of the engine that will answer.

    Raises:
        UnsupportedOption: settings this engine cannot honour.
        SetupError: the voice detector's model is missing.
    """

    def __init__(self, settings: Settings, engine: Capabilities) -> None:
        self.settings = settings
        self.engine = engine
        self._vad = SileroVad() if settings.vad else None
        self.open_policy()

    def open_vad(self, manner: Manner | None = None) -> VadStream | None:
        """A voice detector for one session; None hears speech everywhere."""
        if self._vad is None or (manner is not None and manner.vad is False):
            return None
        return self._vad.open()

    def open_policy(self, name: PolicyName | None = None) -> Policy:
        name = name or cast(PolicyName, self.settings.backend_policy)
        return choose(name, self.engine, frame_threshold=self.settings.frame_threshold)

    def open_session(
        self, stream: Any, options: StreamOptions, manner: Manner | None = None
    ) -> Session:
        """One session.

        Args:
            stream: what the engine's ``open`` returned.
            options: what this session asks of the engine.
            manner: how it differs from the settings.
        """
        manner = manner or Manner()
        return Session(
            stream,
            self.engine,
            self.open_policy(manner.policy),
            options,
            manner.endpointing or endpointing(self.settings),
            manner.tuning or tuning(self.settings),
        )


def endpointing(settings: Settings) -> EndpointingOptions:
    return EndpointingOptions(
        threshold=settings.vad_threshold,
        release_threshold=max(0.01, settings.vad_threshold - 0.15),
        min_speech_ms=settings.vad_min_speech_ms,
        min_silence_ms=settings.vad_min_silence_ms,
        pre_roll_ms=settings.vad_pre_roll_ms,
    )


def tuning(settings: Settings) -> Tuning:
    return Tuning(
        step=from_seconds(settings.min_chunk_size),
        first_step=from_seconds(settings.audio_min_len),
        max_window=from_seconds(settings.audio_max_len),
        recheck_language=from_seconds(settings.language_recheck_seconds),
    )


def layout(settings: Settings) -> Layout:
    """How the live view breaks into lines."""
    return Layout(
        silence=from_seconds(settings.pause_segmentation_seconds),
        retention=from_seconds(settings.retention_seconds),
    )


def transcribe_file(
    path: Path,
    engine: Engine,
    settings: Settings,
    on_progress: Callable[[float], None] | None = None,
) -> Transcript:
    """Transcribe a file, utterance by utterance. Blocking; deterministic.

    Args:
        path: audio or video in any form FFmpeg knows, or WAV.
        engine: a loaded engine that nobody else uses meanwhile.
        settings: language, task, voice detection and window lengths apply.
        on_progress: told the seconds of audio done so far.

    Raises:
        BadAudio: the file holds no audio that can be decoded.
        EngineError: the engine failed.
        OSError: the file cannot be read.
    """
    pipeline = Pipeline(settings, engine.capabilities)
    options = settings.stream_options()
    native = engine.capabilities.streaming == "native"
    manner = Manner(policy="auto" if native else "utterance")
    decoder = open_decoder(AudioFormat(), settings.decoder)
    frontend = Frontend(decoder, pipeline.open_vad())
    transcript = Transcript(
        Layout(
            silence=from_seconds(settings.pause_segmentation_seconds),
            retention=from_seconds(10**9),
        )
    )

    stream = engine.open(options)
    session = pipeline.open_session(stream, options, manner)

    def work() -> None:
        answer(session, engine)
        events = session.take_events()
        for event in events:
            if isinstance(event, Warned) and event.code == EngineError.code:
                raise EngineError(f"{path}: {event.message}")
        transcript.apply(events)

    def hear(heard: Heard) -> None:
        session.receive_audio(heard.samples, heard.probabilities)
        work()
        if on_progress:
            on_progress(to_seconds(session.received))

    try:
        with path.open("rb") as file:
            while data := file.read(READ):
                hear(frontend.feed(data))
        hear(frontend.finish())
        session.receive_end()
        work()
    except BadAudio as error:
        raise BadAudio(f"{path}: {error}") from error
    finally:
        decoder.close()
        engine.release(stream)
    return transcript


def answer(session: Session, engine: Engine) -> None:
    """Ask the engine on the spot until the session has no more questions."""
    while job := session.next_job():
        try:
            answers = engine.run([job])
            if len(answers) != 1:
                raise EngineError(f"the engine gave {len(answers)} answers to one question")
        except EngineError as error:
            session.receive_failure(job, str(error))
        else:
            session.receive_hypothesis(job, answers[0])
