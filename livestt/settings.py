"""Every setting of the server, once: the command line, ``LIVESTT_*`` and the docs come from here.

A setting is a field of `Settings` with an `Option` beside it. `livestt.cli.options` makes click
options of them, and ``python -m livestt.cli.docs`` writes ``docs/settings.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal, cast

from livestt.errors import UnsupportedOption
from livestt.option import GROUPS, Setting, Value, setting
from livestt.speaker_settings import SpeakerSettings

if TYPE_CHECKING:
    from livestt.engines import EngineSettings, StreamOptions

ENGINE_GROUP = "livestt.engines"
"""Entry-point group of the engines; `livestt.engines.registry` imports them."""

BUILTIN_ENGINES: Mapping[str, str] = {
    "faster-whisper": "livestt.engines.faster_whisper:FasterWhisperEngine",
    "mlx-whisper": "livestt.engines.mlx_whisper:MlxWhisperEngine",
    "pocketsphinx": "livestt.engines.pocketsphinx:PocketSphinxEngine",
    "remote": "livestt.engines.remote:RemoteEngine",
    "scripted": "livestt.engines.scripted:ScriptedEngine",
    "transducer": "livestt.engines.transducer:TransducerEngine",
    "transformers": "livestt.engines.transformers_whisper:TransformersWhisperEngine",
}
"""Known without entry points too, so that a checkout that was never installed works."""


# fmt: off
COMPUTE_TYPES = (
    "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16",
    "int16", "float16", "bfloat16", "float32",
)
# fmt: on


def backends() -> tuple[str, ...]:
    """What ``--backend`` accepts here: ``auto`` and the name of each engine there is."""
    found = {point.name for point in entry_points(group=ENGINE_GROUP)}
    return ("auto", *sorted(found | BUILTIN_ENGINES.keys()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SpeakerSettings):
    """What the operator decides, for the whole process. Sessions choose within it.

    Raises:
        UnsupportedOption: a value out of range, or two that contradict each other.
    """

    host: str = setting(
        "127.0.0.1",
        "Server",
        "Address to listen on. The default serves this machine only; 0.0.0.0 serves the network.",
    )
    port: int = setting(
        8000, "Server", "Port to listen on; 0 picks a free one.", minimum=0, maximum=65535
    )
    ssl_certfile: str | None = setting(
        None,
        "Server",
        "TLS certificate (PEM). Browsers allow the microphone on other machines over HTTPS only.",
    )
    ssl_keyfile: str | None = setting(
        None, "Server", "Private key of --ssl-certfile, if it is in a file of its own."
    )
    forwarded_allow_ips: str | None = setting(
        None,
        "Server",
        "Reverse proxies whose X-Forwarded-* headers are believed: addresses or networks, "
        "comma separated.",
    )
    log_level: str = setting(
        "info",
        "Server",
        "How much to log. What people say is never logged.",
        aliases=("-l",),
        choices=("debug", "info", "warning", "error", "critical"),
    )
    allow_origin: tuple[str, ...] = setting(
        (),
        "Server",
        "A web page origin, such as https://example.org, that may open the WebSocket "
        "besides the server's own pages. Repeatable.",
    )
    max_sessions: int = setting(
        32, "Server", "Most sessions at once; the next one is told to come back later.", minimum=1
    )
    seconds_ahead: float = setting(
        30.0,
        "Server",
        "Most audio a session may be ahead of its transcript; then the server stops reading "
        "and the sender waits.",
        unit="seconds",
        minimum=1,
    )
    resume_seconds: float = setting(
        30.0,
        "Server",
        "How long a session waits for a client that lost its connection to come back and go on "
        "where it was; 0 ends it at once. Raw audio only.",
        unit="seconds",
        minimum=0,
        maximum=3600,
    )
    pcm_input: bool = setting(
        False,
        "Server",
        "Take audio of undeclared format for raw 16-bit little-endian PCM, 16 kHz, mono, "
        "rather than for a container such as WebM.",
    )
    retention_seconds: float = setting(
        3600.0,
        "Server",
        "Lines older than this leave the live view, so that memory stays bounded in "
        "sessions that last for days.",
        unit="seconds",
        minimum=60,
    )

    model: str = setting(
        "base",
        "Model",
        "Whisper size (see `livestt models`), Hugging Face repository or folder. Larger is "
        "more accurate and slower.",
    )
    model_path: str | None = setting(
        None,
        "Model",
        "Folder or Hugging Face repository with the model; overrides --model.",
        aliases=("--model-dir", "--model_dir"),
    )
    model_cache_dir: str | None = setting(
        None,
        "Model",
        "Where downloaded models are kept; the usual Hugging Face cache unless set.",
        aliases=("--model_cache_dir",),
    )
    backend: str = setting(
        "auto",
        "Model",
        "Engine that runs the model. auto takes faster-whisper, or the small built-in "
        "engine where no Whisper model can be had.",
        choices=backends,
        synonyms={"whisper": "faster-whisper", "mlx": "mlx-whisper"},
        hints={"openai-api": "write remote, and the server's address as --remote-url."},
    )
    remote_url: str | None = setting(
        None,
        "Model",
        "Engine remote: base address of a server that speaks OpenAI's API, such as "
        "http://host:8000/v1. It gets all speech. A key, if it wants one, is read from the "
        "variable LIVESTT_REMOTE_API_KEY.",
    )
    remote_model: str = setting(
        "whisper-1",
        "Model",
        "Engine remote: model that the other server should use; it has to give word or segment "
        "times.",
    )
    remote_timeout: float = setting(
        20.0,
        "Model",
        "Engine remote: longest wait for an answer before the question is asked again.",
        unit="seconds",
        minimum=1,
        maximum=28,
    )
    remote_requests: int = setting(
        4, "Model", "Engine remote: most requests at once.", minimum=1, maximum=64
    )
    device: str = setting(
        "auto",
        "Model",
        "Where the model runs; auto takes the GPU if there is one.",
        choices=("auto", "cpu", "cuda", "mps"),
        hints={"gpu": "write cuda."},
    )
    compute_type: str = setting(
        "default",
        "Model",
        "Number format of the weights while running: int8, fastest on CPUs, float16, fastest "
        "on GPUs, float32, or a mixture such as int8_float16. default lets the engine choose.",
        choices=COMPUTE_TYPES,
    )
    threads: int = setting(0, "Model", "CPU threads of the engine; 0 lets it choose.", minimum=0)
    lora_path: str | None = setting(
        None,
        "Model",
        "Folder of a LoRA adapter that is merged into the model on loading; needs --backend "
        "transformers.",
    )
    assistant_model: str | None = setting(
        None,
        "Model",
        "A smaller model with the same tokens, such as distil-large-v3 for large-v3, that drafts "
        "whole utterances: the same text sooner. Needs --backend transformers.",
    )
    alignment_heads: str | None = setting(
        None,
        "Model",
        "Decoder heads that tell where a fine-tuned model listens, as layer:head pairs such as "
        "3:1,4:2; scripts/find_alignment_heads.py finds them. Needs --backend transformers or "
        "mlx-whisper; the model's own list is used otherwise.",
        aliases=("--custom-alignment-heads",),
    )
    language: str = setting(
        "auto",
        "Model",
        "Spoken language as a code such as en or fr. auto detects it, which costs a moment "
        "and can be wrong: name it if you know it.",
        aliases=("--lan",),
    )
    task: Literal["transcribe", "translate"] = setting(
        "transcribe",
        "Model",
        "translate writes English whatever is spoken.",
        choices=("transcribe", "translate"),
        switches={"--direct-english-translation": "translate"},
    )
    init_prompt: str = setting(
        "",
        "Model",
        "Text in the style and spelling you want, as if it had been said before.",
        aliases=("--static-init-prompt",),
    )
    hotwords: str = setting("", "Model", "Names and terms to listen for, comma separated.")

    backend_policy: Literal["auto", "alignatt", "localagreement"] = setting(
        "auto",
        "Streaming",
        "When to commit words: alignatt as soon as the model looks away from the end of the "
        "audio, localagreement once two passes agree. auto takes the best that the engine "
        "can do.",
        choices=("auto", "alignatt", "localagreement"),
        synonyms={"simulstreaming": "alignatt", "1": "alignatt", "2": "localagreement"},
    )
    min_chunk_size: float = setting(
        0.5,
        "Streaming",
        "New audio per decoding step. Less gives earlier words and costs more.",
        unit="seconds",
        minimum=0.1,
        maximum=10,
    )
    audio_max_len: float = setting(
        12.0,
        "Streaming",
        "Most audio the model sees at once. Shorter is cheaper, longer gives it more context.",
        unit="seconds",
        minimum=3,
        maximum=30,
    )
    audio_min_len: float = setting(
        0.6,
        "Streaming",
        "Audio needed before the first step of an utterance.",
        unit="seconds",
        minimum=0,
        maximum=10,
    )
    frame_threshold: int = setting(
        25,
        "Streaming",
        "alignatt: how near to the end of the audio, in frames of 20 ms, the model may look "
        "for a word to be committed. Lower is faster, higher more accurate.",
        unit="frames",
        minimum=1,
        maximum=500,
    )
    window: Literal["short", "full30"] = setting(
        "short",
        "Streaming",
        "short encodes the audio there is, full30 pads it to the 30 s Whisper was trained "
        "on: several times slower, for comparison.",
        choices=("short", "full30"),
    )
    max_context_tokens: int = setting(
        16,
        "Streaming",
        "Earlier transcript shown to the model before the audio, in steps of 16. More keeps "
        "names and style steadier, and mistakes too.",
        minimum=0,
        maximum=64,
    )
    chunk_ms: int = setting(
        0,
        "Streaming",
        "Engine transducer: audio encoded at a time, which is what it waits for. Less is faster "
        "and less accurate. Nemotron models take 80, 160, 560 or 1120; 0 leaves it to the model. "
        "--min-chunk-size should not be longer.",
        unit="ms",
        minimum=0,
        maximum=10_000,
    )
    pause_segmentation_seconds: float = setting(
        5.0,
        "Streaming",
        "A pause this long becomes a silence line of its own.",
        unit="seconds",
        minimum=0.1,
    )
    language_recheck_seconds: float = setting(
        10.0,
        "Streaming",
        "With --language auto: a pause this long lets the language be detected anew.",
        unit="seconds",
        minimum=1,
    )

    vad: bool = setting(
        True,
        "Audio",
        "Skip silence. Without it the model also hears silence, and may invent words in it.",
        switches={"--no-vac": False},
    )
    vad_threshold: float = setting(
        0.5,
        "Audio",
        "How sure the detector must be that someone speaks, 0 to 1. Raise it in noise.",
        minimum=0.05,
        maximum=0.95,
    )
    vad_min_silence_ms: int = setting(
        500, "Audio", "Silence that ends an utterance.", unit="ms", minimum=32
    )
    vad_min_speech_ms: int = setting(
        96, "Audio", "Speech shorter than this is taken for noise.", unit="ms", minimum=0
    )
    vad_pre_roll_ms: int = setting(
        300,
        "Audio",
        "Audio kept from before speech was noticed, so that no first syllable is lost.",
        unit="ms",
        minimum=0,
        maximum=5000,
    )
    decoder: Literal["pyav", "ffmpeg"] = setting(
        "pyav",
        "Audio",
        "Decoder of compressed audio: pyav runs inside the server, ffmpeg is a separate "
        "process per session that can crash alone.",
        choices=("pyav", "ffmpeg"),
        hints={
            "greedy": "decoding is always greedy; this option now names the audio decoder.",
            "beam": "decoding is always greedy; this option now names the audio decoder.",
        },
    )

    def __post_init__(self) -> None:
        for row in table():
            row.check(getattr(self, row.name))
        if self.ssl_keyfile and not self.ssl_certfile:
            raise UnsupportedOption("--ssl-keyfile needs --ssl-certfile beside it.")
        if self.audio_min_len >= self.audio_max_len:
            raise UnsupportedOption("--audio-min-len must be less than --audio-max-len.")
        if self.language != "auto" and not re.fullmatch("[a-z]{2,3}", self.language):
            raise UnsupportedOption(
                f"--language {self.language}: write a code of two or three small letters "
                "such as en, fr or yue, or auto."
            )

    def engine_settings(self) -> EngineSettings:
        """The part an engine needs to load, before the model is resolved to a folder."""
        from livestt.engines import EngineSettings

        return EngineSettings(
            model=self.model_path or self.model,
            device=self.device,
            compute_type=self.compute_type,
            threads=self.threads,
            model_dir=self.model_cache_dir,
            window=self.window,
            max_context_tokens=self.max_context_tokens,
            chunk_ms=self.chunk_ms,
            remote_url=self.remote_url,
            remote_model=self.remote_model,
            remote_timeout=self.remote_timeout,
            remote_requests=self.remote_requests,
            lora_path=self.lora_path,
            assistant_model=self.assistant_model,
            alignment_heads=self.alignment_heads,
        )

    def stream_options(self) -> StreamOptions:
        """What a session asks of the engine unless it says otherwise."""
        from livestt.engines import StreamOptions

        return StreamOptions(
            language=None if self.language == "auto" else self.language,
            task=self.task,
            prompt=self.init_prompt,
            hotwords=tuple(word for part in self.hotwords.split(",") if (word := part.strip())),
        )


def table() -> tuple[Setting, ...]:
    """All settings, in the order in which people should read them."""
    return _TABLE


_TABLE = tuple(
    sorted(
        (Setting(f.name, cast(Value, f.default), f.metadata["option"]) for f in fields(Settings)),
        key=lambda row: GROUPS.index(row.option.group),
    )
)
