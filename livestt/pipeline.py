"""From settings to a working pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from livestt.engines import Capabilities, StreamOptions
from livestt.policies import Policy, PolicyName, choose
from livestt.session import Session
from livestt.settings import Settings
from livestt.timebase import from_seconds
from livestt.transcript import Layout
from livestt.tuning import Tuning
from livestt.vad.endpointing import EndpointingOptions
from livestt.vad.silero import SileroVad, VadStream


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
