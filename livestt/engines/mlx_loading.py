"""Whisper weights for MLX: folders of mlx-whisper, and Hugging Face folders renamed on loading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_map, tree_unflatten
from mlx_whisper.whisper import ModelDimensions, Whisper

from livestt.engines import vocabularies
from livestt.engines.whisper.attention import Heads, parse_heads, usual_heads
from livestt.errors import BadModel
from livestt.models.originals import MLX_WEIGHTS

# What json, MLX and the model's constructor raise about files that are not as they should be.
_UNREADABLE = (OSError, ValueError, RuntimeError, KeyError, TypeError)

RENAMED = (
    (r"^model\.", ""),
    (r"\.layers\.", ".blocks."),
    (r"\.encoder_attn_layer_norm\.", ".cross_attn_ln."),
    (r"\.encoder_attn\.", ".cross_attn."),
    (r"\.self_attn_layer_norm\.", ".attn_ln."),
    (r"\.self_attn\.", ".attn."),
    (r"\.final_layer_norm\.", ".mlp_ln."),
    (r"\.q_proj\.", ".query."),
    (r"\.k_proj\.", ".key."),
    (r"\.v_proj\.", ".value."),
    (r"\.out_proj\.", ".out."),
    (r"\.fc(\d)\.", r".mlp\1."),
    (r"^encoder\.layer_norm\.", "encoder.ln_post."),
    (r"^decoder\.layer_norm\.", "decoder.ln."),
    (r"^decoder\.embed_tokens\.", "decoder.token_embedding."),
    (r"^decoder\.embed_positions\.weight$", "decoder.positional_embedding"),
)

# fmt: off
KNOWN_HEADS = {
    "tiny.en": "1:0,2:0,2:5,3:0,3:1,3:2,3:3,3:4",
    "tiny": "2:2,3:0,3:2,3:3,3:4,3:5",
    "base.en": "3:3,4:7,5:1,5:5,5:7",
    "base": "3:1,4:2,4:3,4:7,5:1,5:2,5:4,5:6",
    "small.en":
        "6:6,7:0,7:3,7:8,8:2,8:5,8:7,9:0,9:4,9:8,9:10,10:0,10:1,10:2,10:3,10:6,10:11,11:2,"
        "11:4",
    "small": "5:3,5:9,8:0,8:4,8:7,8:8,9:0,9:7,9:9,10:5",
    "medium.en":
        "11:4,14:1,14:12,14:14,15:4,16:0,16:4,16:9,17:12,17:14,18:7,18:10,18:15,20:0,20:3,"
        "20:9,20:14,21:12",
    "medium": "13:15,15:4,15:15,16:1,20:0,23:4",
    "large-v1": "9:19,11:2,11:4,11:17,22:7,22:11,22:17,23:2,23:15",
    "large-v2":
        "10:12,13:17,16:11,16:12,16:13,17:15,17:16,18:4,18:11,18:19,19:11,21:2,21:3,22:3,"
        "22:9,22:12,23:5,23:7,23:13,25:5,26:1,26:12,27:15",
    "large-v3": "7:0,10:17,12:18,13:12,16:1,17:14,19:11,21:4,24:1,25:6",
    "large-v3-turbo": "2:4,2:11,3:3,3:6,3:11,3:14",
}
# fmt: on
"""Alignment heads that OpenAI found for its models (``whisper/__init__.py``); MLX folders lack
them."""


def load(folder: Path, dtype: Any) -> Any:
    """A ``Whisper`` with its weights in memory.

    Args:
        folder: in MLX or Hugging Face format.
        dtype: of weights that are not quantised.

    Raises:
        BadModel: it cannot be loaded.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if "n_mels" in config:
            return _load_mlx(folder, config, dtype)
        return _filled(Whisper(_dimensions(config), dtype), _renamed(folder), dtype)
    except _UNREADABLE as error:
        raise BadModel(f"{folder} cannot be loaded as a Whisper model: {error}") from error


def heads(folder: Path, whisper: Any, wanted: str | None) -> Heads:
    """The alignment heads: those asked for, those the folder names, those known for its size."""
    layers, each = whisper.dims.n_text_layer, whisper.dims.n_text_head
    if wanted:
        return parse_heads(wanted, layers, each)
    named = _generation_config(folder).get("alignment_heads")
    if named:
        return tuple((int(a), int(b)) for a, b in named)
    size = _size(folder)
    return parse_heads(KNOWN_HEADS[size], layers, each) if size else usual_heads(layers, each)


def suppressed(folder: Path, size: int) -> list[int]:
    """Tokens that the model should never write: those its folder names, else OpenAI's."""
    config = _generation_config(folder)
    named = config.get("suppress_tokens") or () if config else vocabularies.non_speech(size)
    return [token for token in named if token >= 0]


def _generation_config(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _size(folder: Path) -> str | None:
    """The size in the name of the folder, or of the repository whose snapshot it is."""
    for part in folder.resolve().parts[-3:]:
        if "distil" in part:
            return None
        for size in sorted(KNOWN_HEADS, key=len, reverse=True):
            if re.search(rf"(^|[-_]){re.escape(size)}($|[-_])", part):
                return size
    return None


def _load_mlx(folder: Path, config: dict[str, Any], dtype: Any) -> Any:
    quantization = config.pop("quantization", None)
    names = ModelDimensions.__dataclass_fields__
    whisper = Whisper(ModelDimensions(**{name: config[name] for name in names}), dtype)
    path = next(folder / name for name in MLX_WEIGHTS if (folder / name).is_file())
    weights = mx.load(str(path))
    if quantization is not None:

        def is_quantized(path: str, module: Any) -> bool:
            return isinstance(module, nn.Linear | nn.Embedding) and f"{path}.scales" in weights

        nn.quantize(whisper, **quantization, class_predicate=is_quantized)
    return _filled(whisper, weights.items(), dtype)


def _filled(whisper: Any, weights: Any, dtype: Any) -> Any:
    def cast(array: Any) -> Any:
        return array.astype(dtype) if mx.issubdtype(array.dtype, mx.floating) else array

    whisper.update(tree_map(cast, tree_unflatten(list(weights))), strict=True)
    mx.eval(whisper.parameters())
    return whisper


def _dimensions(config: dict[str, Any]) -> ModelDimensions:
    return ModelDimensions(
        n_mels=config["num_mel_bins"],
        n_audio_ctx=config["max_source_positions"],
        n_audio_state=config["d_model"],
        n_audio_head=config["encoder_attention_heads"],
        n_audio_layer=config["encoder_layers"],
        n_vocab=config["vocab_size"],
        n_text_ctx=config["max_target_positions"],
        n_text_state=config["d_model"],
        n_text_head=config["decoder_attention_heads"],
        n_text_layer=config["decoder_layers"],
    )


def _renamed(folder: Path) -> Iterator[tuple[str, Any]]:
    """Hugging Face's weights by MLX's names; its convolutions have the channels last."""
    for path in sorted(folder.glob("model*.safetensors")):
        for name, array in mx.load(str(path)).items():
            if name == "proj_out.weight" or "encoder.embed_positions" in name:
                continue
            new = name
            for old, replacement in RENAMED:
                new = re.sub(old, replacement, new)
            yield new, array.swapaxes(1, 2) if ".conv" in new and array.ndim == 3 else array
