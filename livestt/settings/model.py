"""Settings of the model: which engine runs which weights, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal

from livestt.option import setting

if TYPE_CHECKING:
    from livestt.engines import StreamOptions

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


USUAL_MODEL = "base"
"""Whisper where no model is named."""

# fmt: off
SERVED_ELSEWHERE = (
    "canary", "funasr", "voxtral", "voxtral-mlx", "qwen3", "qwen3-streaming", "qwen3-vllm",
    "qwen3-vllm-metal",
)
"""Engines of WhisperLiveKit that livestt has not."""
ELSEWHERE = (
    "serve that model with a program that speaks OpenAI's API, such as vLLM, and write remote, "
    "and its address as --remote-url."
)
COMPUTE_TYPES = (
    "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16",
    "int16", "float16", "bfloat16", "float32",
)
# fmt: on


def backends() -> tuple[str, ...]:
    """What ``--backend`` accepts here: ``auto`` and the name of each engine there is."""
    found = {point.name for point in entry_points(group=ENGINE_GROUP)}
    return ("auto", *sorted(found | BUILTIN_ENGINES.keys()))


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What the operator decides about the engine and its model."""

    model: str | None = setting(
        None,
        "Model",
        "Whisper size (see `livestt models`), Hugging Face repository or folder; base by "
        "default. Larger models are more accurate and slower.",
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
        "Where downloaded models are kept; by default the usual Hugging Face cache.",
        aliases=("--model_cache_dir",),
    )
    backend: str = setting(
        "auto",
        "Model",
        "Engine that runs the model. auto uses faster-whisper, or the small built-in engine "
        "if no model is named and base is not available.",
        choices=backends,
        synonyms={"whisper": "faster-whisper", "mlx": "mlx-whisper"},
        hints={
            "openai-api": "write remote, and the server's address as --remote-url.",
            **dict.fromkeys(SERVED_ELSEWHERE, ELSEWHERE),
        },
    )
    preload: bool = setting(
        True,
        "Model",
        "Load the model at the start. Without this it is loaded once to check that it works, "
        "and then only when somebody needs it.",
    )
    model_idle_seconds: float = setting(
        0.0,
        "Model",
        "Unload the model when no session and no file has needed it for this long; the next "
        "one waits until it is loaded again, and loses nothing. 0 keeps it.",
        unit="seconds",
        minimum=0,
    )
    remote_url: str | None = setting(
        None,
        "Model",
        "Engine remote: base address of a server with OpenAI's API, such as "
        "http://host:8000/v1. All speech is sent to it. If it needs a key, set the variable "
        "LIVESTT_REMOTE_API_KEY.",
    )
    remote_model: str = setting(
        "whisper-1",
        "Model",
        "Engine remote: model that the other server should use; it has to return word or "
        "segment times.",
    )
    remote_timeout: float = setting(
        20.0,
        "Model",
        "Engine remote: longest wait for an answer before the request is repeated.",
        unit="seconds",
        minimum=1,
        maximum=28,
    )
    remote_requests: int = setting(
        4, "Model", "Engine remote: maximum number of concurrent requests.", minimum=1, maximum=64
    )
    device: str = setting(
        "auto",
        "Model",
        "Where the model runs; auto uses a GPU if there is one. Whisper uses all GPUs that "
        "CUDA_VISIBLE_DEVICES shows.",
        choices=("auto", "cpu", "cuda", "mps"),
        hints={"gpu": "write cuda."},
    )
    compute_type: str = setting(
        "default",
        "Model",
        "Number format of the weights: int8, fastest on CPUs; float16, fastest on GPUs; "
        "float32; or a mixture such as int8_float16. default lets the engine choose.",
        choices=COMPUTE_TYPES,
    )
    threads: int = setting(0, "Model", "CPU threads of the engine; 0 lets it choose.", minimum=0)
    lora_path: str | None = setting(
        None,
        "Model",
        "Folder of a LoRA adapter to merge into the model on loading; needs --backend "
        "transformers.",
    )
    assistant_model: str | None = setting(
        None,
        "Model",
        "A smaller model with the same vocabulary, such as distil-large-v3 for large-v3, that "
        "drafts whole utterances: the same text sooner. Needs --backend transformers.",
    )
    alignment_heads: str | None = setting(
        None,
        "Model",
        "Decoder heads that show where a fine-tuned model looks, as layer:head pairs such as "
        "3:1,4:2; scripts/find_alignment_heads.py finds them. By default the model's own "
        "list. Needs --backend transformers or mlx-whisper.",
        aliases=("--custom-alignment-heads",),
    )
    language: str = setting(
        "auto",
        "Model",
        "Spoken language as a code such as en or fr. auto detects it, which takes a moment "
        "and can be wrong: name the language if you know it.",
        aliases=("--lan",),
    )
    task: Literal["transcribe", "translate"] = setting(
        "transcribe",
        "Model",
        "translate writes English, whatever is spoken.",
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

    @property
    def wanted_model(self) -> str:
        """What was named, or what is taken where nothing was."""
        return self.model_path or self.model or USUAL_MODEL

    @property
    def names_model(self) -> bool:
        """Whether the operator wants this model and no other."""
        return bool(self.model_path or self.model)

    def stream_options(self) -> StreamOptions:
        """What a session asks of the engine unless it says otherwise."""
        from livestt.engines import StreamOptions

        return StreamOptions(
            language=None if self.language == "auto" else self.language,
            task=self.task,
            prompt=self.init_prompt,
            hotwords=tuple(word for part in self.hotwords.split(",") if (word := part.strip())),
        )
