"""Settings of diarization and of voices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from livestt.option import setting

if TYPE_CHECKING:
    from livestt.speakers import DiarizerSettings
    from livestt.speakers.embeddings import EmbedderSettings

DIARIZER_GROUP = "livestt.diarizers"
"""Entry-point group of the diarizers; `livestt.speakers.registry` imports them."""

BUILTIN_DIARIZERS: Mapping[str, str] = {
    "nemotron": "livestt.speakers.nemotron:NemotronDiarizer",
    "pyannote": "livestt.speakers.pyannote:PyannoteDiarizer",
    "scripted": "livestt.speakers.scripted:ScriptedDiarizer",
    "sortformer": "livestt.speakers.sortformer:SortformerDiarizer",
}
"""Known without entry points too, so that a checkout that was never installed works."""

EMBEDDER_GROUP = "livestt.embedders"
"""Entry-point group of the embedders; `livestt.speakers.embedder_registry` imports them."""

BUILTIN_EMBEDDERS: Mapping[str, str] = {
    "onnx": "livestt.speakers.onnx_embedder:OnnxEmbedder",
    "resemblyzer": "livestt.speakers.resemblyzer:ResemblyzerEmbedder",
}

DEFAULT_MODELS: Mapping[str, str] = {
    "auto": "nvidia/Nemotron-3-Diarization",
    "nemotron": "nvidia/Nemotron-3-Diarization",
    "pyannote": "pyannote/speaker-diarization-community-1",
    "sortformer": "nvidia/diar_streaming_sortformer_4spk-v2",
}
"""Which model a diarizer runs unless another is named."""

LATENCIES = ("0.32", "0.64", "1.04", "10", "30.4")
"""Latency presets in seconds: the audio from the start of a step on that its answer waits for."""


FILES_ONLY = frozenset({"pyannote"})
"""Diarizers that hear whole recordings."""


def diarizers() -> tuple[str, ...]:
    """What ``--diarization-backend`` accepts here: ``auto`` and the name of each there is."""
    return ("auto", *sorted(_installed() - FILES_ONLY))


def file_diarizers() -> tuple[str, ...]:
    """What ``--diarization-file-backend`` accepts here."""
    return ("same", *sorted(_installed()))


def _installed() -> set[str]:
    return {point.name for point in entry_points(group=DIARIZER_GROUP)} | BUILTIN_DIARIZERS.keys()


def embedders() -> tuple[str, ...]:
    """What ``--embedding-backend`` accepts here: ``auto``, ``none`` and each there is."""
    found = {point.name for point in entry_points(group=EMBEDDER_GROUP)}
    return ("auto", "none", *sorted(found | BUILTIN_EMBEDDERS.keys()))


@dataclass(frozen=True, kw_only=True)
class SpeakerSettings:
    """What the operator decides about speakers."""

    diarization: bool = setting(
        False,
        "Speakers",
        "Tell speakers apart, so that captions say who is speaking.",
    )
    diarization_backend: str = setting(
        "auto",
        "Speakers",
        "Diarizer: sortformer (up to 4 speakers) or nemotron (up to 8). auto uses the one "
        "that the model is for.",
        choices=diarizers,
        hints={
            "diart": "sortformer and nemotron stream with less delay.",
            "pyannote": "It hears whole files only: --diarization-file-backend pyannote.",
        },
    )
    diarization_model: str | None = setting(
        None,
        "Speakers",
        "Model of the diarizer: a folder, a .nemo file or a Hugging Face repository. Anything "
        "that `livestt convert` did not write is converted once, which needs the extra "
        "nemotron, or sortformer for a .nemo file. By default nvidia/Nemotron-3-Diarization, "
        "or nvidia/diar_streaming_sortformer_4spk-v2 for sortformer.",
        aliases=("--sortformer-model-path",),
    )
    diarization_latency: str = setting(
        "1.04",
        "Speakers",
        "How much audio the diarizer waits for before it names a speaker. More is more "
        "accurate and cheaper.",
        unit="seconds",
        choices=LATENCIES,
    )

    diarization_file_backend: str = setting(
        "same",
        "Speakers",
        "Diarizer of files, uploaded or transcribed. same shares the model of the live one; "
        "pyannote needs the extra pyannote and a Hugging Face token with access to its model.",
        choices=file_diarizers,
    )
    diarization_file_model: str | None = setting(
        None,
        "Speakers",
        "Model of --diarization-file-backend, unless that is same; for pyannote, by default "
        "pyannote/speaker-diarization-community-1.",
    )
    diarization_file_latency: str = setting(
        "30.4",
        "Speakers",
        "Latency preset of the diarizer for files, where nobody waits for single words.",
        unit="seconds",
        choices=LATENCIES,
    )
    speaker_patience: float = setting(
        5.0,
        "Speakers",
        "How long live words wait for a diarizer that does not answer. They are then sent "
        "without a speaker, which follows if the answer does.",
        unit="seconds",
        minimum=0.1,
        maximum=60,
    )
    max_speakers: int = setting(
        0,
        "Speakers",
        "Maximum number of speakers to tell apart; 0 is as many as the model can. Any further "
        "voice counts as the most similar speaker.",
        aliases=("--sortformer-max-speakers",),
        minimum=0,
        maximum=64,
    )
    speaker_onset: float = setting(
        0.5,
        "Speakers",
        "How certain the diarizer must be that somebody starts to speak, 0 to 1.",
        minimum=0.05,
        maximum=0.95,
    )
    speaker_offset: float = setting(
        0.4,
        "Speakers",
        "Below this probability somebody has stopped speaking; never above --speaker-onset.",
        minimum=0.05,
        maximum=0.95,
    )
    speaker_min_turn_ms: int = setting(
        160,
        "Speakers",
        "Speech of one speaker shorter than this counts as noise.",
        unit="ms",
        minimum=0,
        maximum=5000,
    )
    speaker_min_gap_ms: int = setting(
        240,
        "Speakers",
        "A pause of a speaker shorter than this does not end the turn.",
        unit="ms",
        minimum=0,
        maximum=5000,
    )

    embedding_backend: str = setting(
        "auto",
        "Speakers",
        "What compares voices, so that speakers are recognised: onnx (a speaker model) or "
        "resemblyzer (includes its model; needs its extra). auto is onnx if --embedding-model "
        "is given, and otherwise none.",
        choices=embedders,
    )
    embedding_model: str | None = setting(
        None,
        "Speakers",
        "Speaker model of --embedding-backend onnx, such as WeSpeaker's or 3D-Speaker's: an .onnx "
        "file, a folder with one, or a Hugging Face repository.",
    )
    voices: bool = setting(
        False,
        "Speakers",
        "Keep the voice profiles that people enrol, and name speakers by them. Voices are "
        "personal data: ask for consent.",
    )
    voice_threshold: float = setting(
        0.0,
        "Speakers",
        "How similar (cosine) two voices must be to count as one person's; 0 uses the model's "
        "own threshold.",
        minimum=0,
        maximum=1,
    )
    voice_min_seconds: float = setting(
        2.0,
        "Speakers",
        "Clean speech of a speaker, with nobody else talking, needed before the voice is compared.",
        unit="seconds",
        minimum=0.5,
        maximum=30,
    )

    @property
    def embedder(self) -> str:
        """The embedder's name; ``none`` if voices are not compared."""
        if self.embedding_backend != "auto":
            return self.embedding_backend
        return "onnx" if self.embedding_model else "none"

    def embedder_settings(self, threads: int, device: str, cache: str | None) -> EmbedderSettings:
        """The part an embedder needs to load."""
        from livestt.speakers.embeddings import EmbedderSettings

        return EmbedderSettings(self.embedding_model or "", threads, device, cache)

    def diarizer_settings(self, threads: int, device: str, cache: str | None) -> DiarizerSettings:
        """The part a diarizer needs to load, before the model is resolved to a folder."""
        from livestt.speakers import DiarizerSettings

        return DiarizerSettings(
            model=self.diarization_model or DEFAULT_MODELS.get(self.diarization_backend, ""),
            latency=self.diarization_latency,
            threads=threads,
            device=device,
            model_dir=cache,
        )
