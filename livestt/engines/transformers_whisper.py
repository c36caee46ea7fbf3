"""Whisper on PyTorch, from Hugging Face weights: exact AlignAtt, LoRA adapters, NVIDIA and Apple
GPUs.

Slower than CTranslate2 on a CPU. Use it for a fine-tuned model that should run as it is, for an
adapter, for a GPU that CTranslate2 does not know (Apple's), or for a draft model.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job
from livestt.engines.whisper.attention import Heads, parse_heads, usual_heads
from livestt.engines.whisper.attentive import AttentiveWhisper, Loaded
from livestt.errors import BadModel, EngineError, MissingExtra, UnsupportedOption
from livestt.models.unreadable import unreadable

MAX_BATCH = {"cpu": 8, "cuda": 16, "mps": 8}


class TransformersWhisperEngine(AttentiveWhisper):
    """A PyTorch Whisper shared by all sessions.

    Raises:
        MissingExtra: torch or transformers is not installed.
        BadModel: the folder, or the adapter, is not a usable one.
        UnsupportedOption: a device, number format or head that this machine or model does not have.
    """

    weights: ClassVar[Literal["transformers"]] = "transformers"

    def __init__(self, settings: EngineSettings) -> None:
        if not (find_spec("torch") and find_spec("transformers")):
            raise MissingExtra("The engine transformers", "torch")
        import torch

        if settings.threads:
            torch.set_num_threads(settings.threads)
        device = _device(settings.device)
        dtype = _dtype(settings.compute_type, device)
        folder = Path(settings.model)
        place = f"cuda:{settings.device_index}" if device == "cuda" else device
        whisper = load_whisper(folder, place, dtype, settings.lora_path)
        loaded = _wrap(whisper, folder, settings.alignment_heads)
        draft = None
        if settings.assistant_model:
            other = Path(settings.assistant_model)
            draft = _wrap(load_whisper(other, place, dtype), other)
            _check_draft(loaded, draft, other)
        multilingual = loaded.vocabulary.multilingual
        capabilities = Capabilities(
            name="transformers",
            model=folder.name,
            streaming="window",
            languages=frozenset(loaded.vocabulary.languages) or frozenset({"en"}),
            detects_language=multilingual,
            translates=multilingual,
            attends=True,
            max_batch=MAX_BATCH[device],
            device=device,
        )
        super().__init__(settings, loaded, capabilities, draft)

    @staticmethod
    def devices(settings: EngineSettings) -> int:
        """How many devices could each have an engine of its own."""
        if settings.device not in ("cuda", "auto") or not find_spec("torch"):
            return 1
        import torch

        return max(1, int(torch.cuda.device_count()))

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        import torch

        try:
            with torch.inference_mode():
                return self.answer(jobs)
        except RuntimeError as error:
            raise EngineError(f"PyTorch failed: {error}") from error

    def close(self) -> None:
        del self._loaded, self._draft


def _device(wanted: str) -> Literal["cpu", "cuda", "mps"]:
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "cuda" and not cuda:
        raise UnsupportedOption(
            "--device cuda: PyTorch sees no NVIDIA GPU here. Use --device cpu, or install the "
            "PyTorch build for your CUDA version from https://pytorch.org."
        )
    if wanted == "mps" and not mps:
        raise UnsupportedOption("--device mps: PyTorch sees no Apple GPU here. Use --device cpu.")
    if wanted == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    return "cuda" if wanted == "cuda" else "mps" if wanted == "mps" else "cpu"


def _dtype(compute_type: str, device: str) -> Any:
    import torch

    formats = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if compute_type in ("default", "auto"):
        return torch.float32 if device == "cpu" else torch.float16
    if compute_type not in formats:
        raise UnsupportedOption(
            f"--compute-type {compute_type}: the engine transformers knows float32, float16 and "
            "bfloat16. For int8 use --backend faster-whisper."
        )
    return formats[compute_type]


def load_whisper(folder: Path, device: str, dtype: Any, lora_path: str | None = None) -> Any:
    """A ``WhisperForConditionalGeneration`` of this folder, ready to use.

    Raises:
        BadModel: the folder or the adapter cannot be loaded.
    """
    from transformers import WhisperForConditionalGeneration
    from transformers.utils import logging as their_logging

    their_logging.disable_progress_bar()
    try:
        whisper = WhisperForConditionalGeneration.from_pretrained(
            str(folder), dtype=dtype, local_files_only=True
        )
    except unreadable() as error:
        raise BadModel(f"{folder} cannot be loaded as a Whisper model: {error}") from error
    if lora_path:
        whisper = _adapted(whisper, Path(lora_path).expanduser())
    return whisper.to(device).eval()


def _adapted(whisper: Any, adapter: Path) -> Any:
    """The model with a LoRA adapter merged into its weights."""
    if not find_spec("peft"):
        raise MissingExtra("--lora-path", "torch")
    if not (adapter / "adapter_config.json").is_file():
        raise BadModel(f"--lora-path {adapter}: there is no adapter_config.json in that folder.")
    from peft import PeftModel

    try:
        with warnings.catch_warnings():
            # peft only warns about an adapter of another model, and then changes nothing.
            warnings.filterwarnings("error", message="Found missing adapter keys")
            return PeftModel.from_pretrained(whisper, str(adapter)).merge_and_unload()
    except unreadable(UserWarning) as error:
        raise BadModel(f"--lora-path {adapter} does not fit this model: {error}") from error


def _wrap(whisper: Any, folder: Path, heads: str | None = None) -> Loaded:
    from livestt.engines.transformers_model import TorchWhisper
    from livestt.engines.vocabularies import from_folder, is_multilingual

    config = whisper.config
    vocabulary = from_folder(folder, multilingual=is_multilingual(config.vocab_size))
    suppressed = whisper.generation_config.suppress_tokens or ()
    model = TorchWhisper(
        whisper, _heads(whisper, heads), [t for t in suppressed if t >= 0], vocabulary.eot
    )
    return Loaded(model, vocabulary, config.num_mel_bins)


def _heads(whisper: Any, wanted: str | None) -> Heads:
    layers, heads = whisper.config.decoder_layers, whisper.config.decoder_attention_heads
    if wanted:
        return parse_heads(wanted, layers, heads)
    known = getattr(whisper.generation_config, "alignment_heads", None)
    return tuple((int(a), int(b)) for a, b in known) if known else usual_heads(layers, heads)


def _check_draft(loaded: Loaded, draft: Loaded, folder: Path) -> None:
    ours, theirs = loaded.vocabulary, draft.vocabulary
    same = ours.languages == theirs.languages and ours.no_speech == theirs.no_speech
    if ours.eot != theirs.eot or not same:
        raise UnsupportedOption(
            f"--assistant-model {folder}: its tokens differ from those of the model. Use one of "
            "the same family, such as distil-large-v3 for large-v3, or tiny for small."
        )
