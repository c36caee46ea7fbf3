"""From a name to a streaming transducer in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from livestt.engines import EngineSettings
from livestt.errors import BadModel, EngineError, UnsupportedOption
from livestt.models import catalog, hub
from livestt.models.unreadable import unreadable

DEFAULT_MODEL = "nvidia/nemotron-speech-streaming-en-0.6b"
CLASSES = {
    "nemotron_asr_streaming": "NemotronAsrStreamingForRNNT",
    "nemotron3_5_asr": "Nemotron3_5AsrForRNNT",
}
"""Model type, as ``config.json`` has it, to the class in transformers."""
TYPES = {
    "default": torch.float32,
    "auto": torch.float32,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
"""``--compute-type`` to number format. Only float32 makes a batched answer equal a solo one in
every digit, so it is the default on GPUs too."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to run."""

    name: str
    model: Any
    processor: Any
    device: str


def load(settings: EngineSettings, say: Callable[[str], None]) -> Loaded:
    """Find a model and load it.

    Raises:
        BadModel: it is no streaming transducer.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        UnsupportedOption: device or compute type cannot be used.
        EngineError: it does not load.
    """
    name = DEFAULT_MODEL if settings.model == EngineSettings().model else settings.model
    device = _device(settings.device)
    if settings.compute_type not in TYPES:
        known = ", ".join(TYPES)
        raise UnsupportedOption(
            f"--compute-type {settings.compute_type}: the transducer engine has only: {known}."
        )
    folder = locate(name, settings.model_dir, say)
    model_type = _model_type(folder)
    try:
        model, processor = _read(folder, model_type, TYPES[settings.compute_type])
        model.to(device).eval()
    except unreadable() as error:
        raise EngineError(f"cannot load the model in {folder}: {error}") from error
    label = folder.resolve().name if Path(name).expanduser().is_dir() else name
    return Loaded(label, model, processor, device)


def locate(name: str, cache_dir: str | None, say: Callable[[str], None]) -> Path:
    """The folder of a model, downloaded if need be.

    Raises:
        BadModel: there is no such folder, or it is the name of something else.
        ModelUnavailable: it would have to be downloaded, and cannot be.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if catalog.find(name) is not None:
        raise BadModel(
            f"{name} is a Whisper model, which the transducer engine cannot run. Leave --model out "
            f"for {DEFAULT_MODEL}, or use --backend faster-whisper."
        )
    if not hub.is_repository(name):
        raise BadModel(
            f"There is no folder {name}. The transducer engine takes a folder or a Hugging Face "
            f"repository such as {DEFAULT_MODEL}."
        )
    try:
        return Path(snapshot_download(name, cache_dir=cache_dir, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return hub.download(name, cache_dir, name, lambda: say(f"Downloading {name}"))


def _model_type(folder: Path) -> str:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        found = str(config["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{folder} holds no Hugging Face model: no usable config.json.") from error
    if found not in CLASSES:
        raise BadModel(
            f"{folder} is a {found} model. The transducer engine runs cache-aware streaming "
            f"models only: {', '.join(CLASSES)}."
        )
    return found


def _read(folder: Path, model_type: str, dtype: Any) -> tuple[Any, Any]:
    import transformers

    factory = getattr(transformers, CLASSES[model_type], None)
    if factory is None:
        raise EngineError(
            f"transformers {transformers.__version__} does not know {model_type}: "
            "pip install --upgrade transformers"
        )
    transformers.utils.logging.disable_progress_bar()
    processor = transformers.AutoProcessor.from_pretrained(str(folder), local_files_only=True)
    return factory.from_pretrained(str(folder), dtype=dtype, local_files_only=True), processor


def _device(asked: str) -> str:
    if asked == "cuda" and not torch.cuda.is_available():
        raise UnsupportedOption("--device cuda: PyTorch finds no CUDA GPU here. Use --device cpu.")
    if asked == "mps" and not torch.backends.mps.is_available():
        raise UnsupportedOption("--device mps: PyTorch finds no Apple GPU here. Use --device cpu.")
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return asked
