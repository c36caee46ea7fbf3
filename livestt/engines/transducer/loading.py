"""From a name to a streaming transducer in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from livestt.engines import EngineSettings
from livestt.errors import EngineError, UnsupportedOption
from livestt.models import transducers
from livestt.models.unreadable import unreadable

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
    name = transducers.DEFAULT_MODEL if settings.model == EngineSettings().model else settings.model
    device = _device(settings.device)
    if settings.compute_type not in TYPES:
        known = ", ".join(TYPES)
        raise UnsupportedOption(
            f"--compute-type {settings.compute_type}: the transducer engine has only: {known}."
        )
    folder = transducers.locate(name, settings.model_dir, say)
    kind = transducers.model_type(folder)
    try:
        model, processor = _read(folder, kind, TYPES[settings.compute_type])
        model.to(device).eval()
    except unreadable() as error:
        raise EngineError(f"cannot load the model in {folder}: {error}") from error
    label = folder.resolve().name if Path(name).expanduser().is_dir() else name
    return Loaded(label, model, processor, device)


def _read(folder: Path, model_type: str, dtype: Any) -> tuple[Any, Any]:
    import transformers

    factory = getattr(transformers, transducers.CLASSES[model_type], None)
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
