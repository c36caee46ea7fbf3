"""Model folders as small as they can be."""

from __future__ import annotations

import json
from pathlib import Path

CTRANSLATE2 = {
    "model.bin": b"weights",
    "config.json": json.dumps({"alignment_heads": []}).encode(),
    "tokenizer.json": b'{"t": 1}',
    "vocabulary.json": b"[]",
}
TRANSFORMERS = {
    "model.safetensors": b"weights",
    "config.json": json.dumps({"model_type": "whisper"}).encode(),
    "generation_config.json": b'{"g": 1}',
    "tokenizer.json": b'{"t": 1}',
    "preprocessor_config.json": b'{"p": 1}',
}


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder
