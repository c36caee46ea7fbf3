"""Streaming transducers: from a name to the folder, downloaded if need be."""

from __future__ import annotations

import json
from pathlib import Path

from livestt.errors import BadModel
from livestt.models import catalog, hub
from livestt.models.locate import Say

DEFAULT_MODEL = "nvidia/nemotron-speech-streaming-en-0.6b"
CLASSES = {
    "nemotron_asr_streaming": "NemotronAsrStreamingForRNNT",
    "nemotron3_5_asr": "Nemotron3_5AsrForRNNT",
}
"""Model type, as ``config.json`` has it, to the class in transformers."""
FILES = (*hub.TRANSFORMERS_FILES, "*.safetensors", "*.safetensors.index.json")


def locate(name: str, cache_dir: str | None, say: Say) -> Path:
    """The folder of a model, downloaded if need be.

    Raises:
        BadModel: there is no such folder, or it is the name of something else.
        ModelUnavailable: it would have to be downloaded, and cannot be.
    """
    folder = here(name, cache_dir)
    if folder is not None:
        return folder
    return hub.download(
        name,
        cache_dir,
        name,
        lambda: say(f"Downloading {name}"),
        FILES,
        hub.pull_elsewhere(f"transducer:{name}"),
    )


def here(name: str, cache_dir: str | None) -> Path | None:
    """The folder of a model that needs no download, or None.

    Raises:
        BadModel: there is no such folder, or it is the name of something else.
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
    return hub.snapshot(name, FILES, cache_dir)


def model_type(folder: Path) -> str:
    """Which of `CLASSES` a folder holds.

    Raises:
        BadModel: none of them.
    """
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
