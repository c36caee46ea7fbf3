"""From settings to a working pipeline, and files through it."""

from __future__ import annotations

from collections.abc import Callable
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

    def open_vad(self) -> VadStream | None:
        """A voice detector for one session; None hears speech everywhere."""
        return self._vad.open() if self._vad else None

    def open_policy(self) -> Policy:
        name = cast(PolicyName, self.settings.backend_policy)
        return choose(name, self.engine, frame_threshold=self.settings.frame_threshold)

    def open_session(
        self, stream: Any, options: StreamOptions, policy: Policy | None = None
    ) -> Session:
        """One session.

        Args:
            stream: what the engine's ``open`` returned.
            options: what this session asks of the engine.
            policy: other than the configured one.
        """
        return Session(
            stream,
            self.engine,
            policy or self.open_policy(),
            options,
            endpointing(self.settings),
            tuning(self.settings),
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
    policy = choose("auto" if engine.capabilities.streaming == "native" else "utterance",
                    engine.capabilities)  # fmt: skip
    decoder = open_decoder(AudioFormat(), settings.decoder)
    frontend = Frontend(decoder, pipeline.open_vad())
    transcript = Transcript(
        Layout(
            silence=from_seconds(settings.pause_segmentation_seconds),
            retention=from_seconds(10**9),
        )
    )

    stream = engine.open(options)
    session = pipeline.open_session(stream, options, policy)

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
