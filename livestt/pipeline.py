"""From settings to a working pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from livestt.engines import Capabilities, StreamOptions
from livestt.events import Event, Word
from livestt.policies import Policy, PolicyName, choose
from livestt.session import Session
from livestt.settings import Settings
from livestt.speakers import SpeakerCount
from livestt.speakers.alignment import AlignmentOptions
from livestt.speakers.diarization import DiarizationOptions
from livestt.speakers.driving import SpeakerDriver, drive_speakers
from livestt.speakers.embeddings import Embedder
from livestt.speakers.file_driving import FileSpeakers
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.identification import Identification, IdentificationOptions
from livestt.speakers.profiles import Profile
from livestt.speakers.scheduler import DiarizerScheduler, EmbedderScheduler
from livestt.speakers.turns import TurnOptions
from livestt.speakers.voice_driving import VoiceDriver
from livestt.timebase import FOREVER, from_ms, from_seconds
from livestt.transcript import Layout, Transcript
from livestt.translation.codes import find
from livestt.translation.driving import TranslationDriver, TranslatorScheduler
from livestt.translation.translating import Translation
from livestt.tuning import Tuning
from livestt.vad.endpointing import EndpointingOptions
from livestt.vad.silero import SileroVad, VadStream
from livestt.window import Before

OtherScheduler: TypeAlias = DiarizerScheduler | EmbedderScheduler | TranslatorScheduler


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
    diarization: bool | None = None
    """False does not tell speakers apart; True still needs a server with a diarizer."""
    speakers_at_once: bool = False
    """Whether words are committed only once their speaker is known: for protocols that cannot
    correct what they have sent."""
    max_speakers: int | None = None
    """Most speakers to tell apart."""
    record: bool = True
    """False is not recorded, even if the server records."""
    title: str = ""
    """What its transcript is called, such as the name of the file that is played; of live sessions
    only."""
    committed: Before | None = None
    """What was committed already of a session that goes on here; of live sessions only."""
    min_speakers: int | None = None
    """At least so many speakers are told apart; of files only."""
    known: Callable[[], Sequence[Profile]] = tuple
    """The voices that speakers may have, as they are known now."""
    before: Mapping[int, HeardVoice] = field(default_factory=dict)
    """Voices of this session as another process heard them, by the speaker's number."""
    people: int = 0
    """The highest number of a speaker there."""
    target_language: str | None = None
    """What lines are translated into; of live sessions only, where the server translates."""
    told: Sequence[Event] = ()
    """What was said about its people there."""
    waiting: Sequence[Word] = ()
    """Of what was committed there, the last words, whose speaker is yet to be told."""


class Pipeline:
    """What all sessions of a server share, apart from the engine itself: settings and the VAD.

    Args:
        settings: the operator's settings.
        engine: capabilities of the engine that will answer.
        diarizer: runs the jobs of the diarizer; None tells no speakers apart.
        file_diarizer: the same for files; None is ``diarizer``.
        embedder: runs the jobs of the embedder; None recognises no voices.
        translator: runs the jobs of the translator; None translates nothing.

    Attributes:
        known: says which voices the speakers of a key's sessions and files may have.

    Raises:
        UnsupportedOption: settings this engine cannot honour.
        SetupError: the voice detector's model is missing.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Capabilities,
        diarizer: DiarizerScheduler | None = None,
        file_diarizer: DiarizerScheduler | None = None,
        embedder: EmbedderScheduler | None = None,
        translator: TranslatorScheduler | None = None,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.diarizer = diarizer
        self.file_diarizer = file_diarizer
        self.embedder = embedder
        self.translator = translator
        self.known: Callable[[str], Sequence[Profile]] = lambda owner: ()
        self._vad = SileroVad() if settings.vad else None
        self.open_policy()

    @property
    def other_schedulers(self) -> list[OtherScheduler]:
        """Each of those beside the engine's that there are."""
        found = (self.diarizer, self.file_diarizer, self.embedder, self.translator)
        return [scheduler for scheduler in found if scheduler is not None]

    def open_vad(self, manner: Manner | None = None) -> VadStream | None:
        """A voice detector for one session; None hears speech everywhere."""
        vad = self._vad_for(manner)
        return None if vad is None else vad.open()

    def _vad_for(self, manner: Manner | None) -> SileroVad | None:
        return None if manner is not None and manner.vad is False else self._vad

    def open_speakers(
        self, manner: Manner | None = None
    ) -> AbstractAsyncContextManager[SpeakerDriver | None]:
        """What tells one session's speakers apart; None inside if nothing does."""
        manner = manner or Manner()
        diarizer = None if manner.diarization is False else self.diarizer
        options = diarization(self.settings, manner)
        voices = None
        if diarizer is not None and self.embedder is not None:
            voices = VoiceDriver(self._open_voices(manner, self.embedder.engine), self.embedder)
        return drive_speakers(
            diarizer,
            options,
            at_once=manner.speakers_at_once,
            patience=self.settings.speaker_patience,
            voices=voices,
        )

    @property
    def voice_threshold(self) -> float:
        """Cosine from which two voices are one person's; 1 where none are compared."""
        if self.embedder is None:
            return 1.0
        return self.settings.voice_threshold or self.embedder.engine.capabilities.threshold

    def _open_voices(
        self, manner: Manner, embedder: Embedder, memory: int | None = None
    ) -> Identification:
        options = IdentificationOptions(
            threshold=self.voice_threshold,
            least=from_seconds(self.settings.voice_min_seconds),
            max_speakers=manner.max_speakers or self.settings.max_speakers or None,
            before=manner.before,
            told=manner.told,
            people=manner.people,
            waiting=manner.waiting,
            keeper=embedder.capabilities.model if self.settings.voices else "",
        )
        if memory is not None:
            options = replace(options, memory=memory)
        return Identification(options, manner.known)

    def most_speakers(self, manner: Manner) -> int:
        """How many speakers such a session can tell apart; 0 if none."""
        if self.diarizer is None or manner.diarization is False:
            return 0
        most = self.diarizer.engine.capabilities.max_speakers
        return min(most, manner.max_speakers or self.settings.max_speakers or most)

    def open_file_speakers(self, manner: Manner, wake: Callable[[], None]) -> FileSpeakers | None:
        """What tells one file's speakers apart; None if nothing does.

        Args:
            manner: how the file differs from the settings.
            wake: called in another thread when something was answered.
        """
        diarizer = self.file_diarizer or self.diarizer
        if diarizer is None or manner.diarization is False:
            return None
        options = diarization(self.settings, manner)
        most = manner.max_speakers or self.settings.max_speakers or None
        if manner.min_speakers or most:
            options = replace(options, count=SpeakerCount(manner.min_speakers, most))
        patient = replace(options.alignment, patience=FOREVER)
        voices = None
        if self.embedder is not None:
            voices = (
                self._open_voices(manner, self.embedder.engine, memory=FOREVER),
                self.embedder,
            )
        return FileSpeakers(diarizer, replace(options, alignment=patient), wake, voices)

    def open_translation(
        self, view: Transcript, forward: Callable[[list[Event]], None]
    ) -> TranslationDriver | None:
        """What translates one session; None if nothing does.

        Args:
            view: of the session, to be kept by nobody else.
            forward: called with the session's events, in order.
        """
        if self.translator is None:
            return None
        translation = Translation(view, self.translator.engine.capabilities)
        return TranslationDriver(translation, self.translator, forward)

    @property
    def translated(self) -> tuple[str | None, str | None]:
        """Out of and into which language, unless somebody asks for another; None as in
        `TranslationDriver.aim`."""
        source = "en" if self.settings.task == "translate" else None
        return source, find(self.settings.target_language or "", self.translates_into)

    @property
    def translates_into(self) -> frozenset[str]:
        """Languages that lines can be translated into; none where nothing translates."""
        return (
            frozenset()
            if self.translator is None
            else self.translator.engine.capabilities.languages
        )

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
            manner.committed,
            voiced=self._vad_for(manner) is not None,
        )


def diarization(settings: Settings, manner: Manner | None = None) -> DiarizationOptions:
    """How a session tells its speakers apart."""
    manner = manner or Manner()
    return DiarizationOptions(
        TurnOptions(
            onset=settings.speaker_onset,
            offset=min(settings.speaker_offset, settings.speaker_onset),
            min_turn=from_ms(settings.speaker_min_turn_ms),
            min_gap=from_ms(settings.speaker_min_gap_ms),
            max_speakers=manner.max_speakers or settings.max_speakers or None,
        ),
        AlignmentOptions(patience=from_seconds(settings.seconds_ahead)),
        endpointing=manner.endpointing or endpointing(settings),
        waiting=manner.waiting,
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
