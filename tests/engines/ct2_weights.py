"""The test model as Hugging Face publishes models, made from its CTranslate2 form.

``model.bin`` is, little-endian: version u32, specification name, revision u32, then variables as
(name, rank u8, dimensions u32, type u8, bytes u32, data), then aliases (ctranslate2's
``specs/model_spec.py``). Names have a length u16 and a closing zero. Integers of eight bits go
with a scale for each row. Nothing but NumPy is needed.

    python tests/engines/ct2_weights.py FOLDER
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)

Arrays = dict[str, npt.NDArray[np.float32]]

RENAMED = (
    ("embeddings_0/", "embeddings/"),
    ("embeddings/weight", "embed_tokens.weight"),
    ("position_encodings/encodings", "embed_positions.weight"),
    ("self_attention/linear_1/", "self_attn.out_proj."),
    ("attention/linear_2/", "encoder_attn.out_proj."),
    ("attention/linear_0/", "encoder_attn.q_proj."),
    ("self_attention/layer_norm/", "self_attn_layer_norm."),
    ("attention/layer_norm/", "encoder_attn_layer_norm."),
    ("ffn/linear_0/", "fc1."),
    ("ffn/linear_1/", "fc2."),
    ("ffn/layer_norm/", "final_layer_norm."),
    ("layer_norm/gamma", "layer_norm.weight"),
    ("layer_norm/beta", "layer_norm.bias"),
    ("layer_norm.gamma", "layer_norm.weight"),
    ("layer_norm.beta", "layer_norm.bias"),
)


def read(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """All variables of a ``model.bin``."""
    data = path.read_bytes()
    at = 4

    def take(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return int(value)

    def text() -> str:
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at - 1].decode()

    assert text() == "WhisperSpec"
    take("I")
    variables: dict[str, npt.NDArray[np.generic]] = {}
    for _ in range(take("I")):
        name = text()
        shape = [take("I") for _ in range(take("B"))]
        kind, size = TYPES[take("B")], take("I")
        variables[name] = np.frombuffer(data[at : at + size], kind).reshape(shape)
        at += size
    for _ in range(take("I")):
        name = text()
        variables[name] = variables[text()]
    return variables


def weights(path: Path) -> Arrays:
    """The weights by the names that Hugging Face gives them."""
    variables = read(path)
    plain: Arrays = {}
    for name, value in variables.items():
        if value.ndim and not name.endswith("_scale"):
            scale = variables.get(f"{name}_scale")
            array = value.astype(np.float32)
            if scale is not None:
                array /= scale.astype(np.float32).reshape(-1, *[1] * (array.ndim - 1))
            plain[name] = array
    return {new: array for old, a in plain.items() for new, array in _split(old, a)}


def _split(name: str, array: npt.NDArray[np.float32]) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """A variable, or the queries, keys and values that are fused in it."""
    if name.startswith("decoder/projection"):
        return []
    layer, _, rest = name.partition("attention/linear_")
    part, _, kind = rest.partition("/")
    own = layer.endswith("self_")
    if rest and (own and part == "0"):
        parts = ("q_proj", "k_proj", "v_proj")
    elif rest and not own and part == "1":
        parts = ("k_proj", "v_proj")
    else:
        return [(_name(name), array)]
    base = _name(layer.removesuffix("self_")) + ("self_attn" if own else "encoder_attn")
    thirds = np.split(array, len(parts))
    # Keys have no bias in Whisper; the fused one is zero there.
    return [
        (f"{base}.{p}.{kind}", a)
        for p, a in zip(parts, thirds, strict=True)
        if (p, kind) != ("k_proj", "bias")
    ]


def _name(name: str) -> str:
    for old, new in RENAMED:
        name = name.replace(old, new)
    return "model." + re.sub(r"/layer_(\d)", r"/layers/\1", name).replace("/", ".")


def export(source: Path, target: Path) -> Path:
    """Write the test model in Hugging Face format.

    Args:
        source: its CTranslate2 folder.
        target: made if it is not there.
    """
    target.mkdir(parents=True, exist_ok=True)
    arrays = weights(source / "model.bin")
    heads = int(np.asarray(read(source / "model.bin")["encoder/num_heads"]))
    _write_safetensors(target / "model.safetensors", arrays)
    known = json.loads((source / "config.json").read_text("utf-8"))
    tokens, width = arrays["model.decoder.embed_tokens.weight"].shape
    count = {
        side: 1 + max(int(n.split(".")[3]) for n in arrays if n.startswith(f"model.{side}.layers."))
        for side in ("encoder", "decoder")
    }
    ids = {"bos_token_id": 50257, "eos_token_id": 50257, "decoder_start_token_id": 50258}
    config = {
        "model_type": "whisper",
        "architectures": ["WhisperForConditionalGeneration"],
        "vocab_size": tokens,
        "d_model": width,
        "num_mel_bins": arrays["model.encoder.conv1.weight"].shape[1],
        "encoder_layers": count["encoder"],
        "decoder_layers": count["decoder"],
        "encoder_attention_heads": heads,
        "decoder_attention_heads": heads,
        "encoder_ffn_dim": arrays["model.encoder.layers.0.fc1.weight"].shape[0],
        "decoder_ffn_dim": arrays["model.decoder.layers.0.fc1.weight"].shape[0],
        "max_source_positions": arrays["model.encoder.embed_positions.weight"].shape[0],
        "max_target_positions": arrays["model.decoder.embed_positions.weight"].shape[0],
        "pad_token_id": 50257,
        **ids,
    }
    generation = {**ids, "alignment_heads": known["alignment_heads"], "pad_token_id": 50257}
    (target / "config.json").write_text(json.dumps(config), "utf-8")
    (target / "generation_config.json").write_text(json.dumps(generation), "utf-8")
    for name in ("tokenizer.json", "preprocessor_config.json"):
        shutil.copyfile(source / name, target / name)
    return target


def _write_safetensors(path: Path, arrays: Arrays) -> None:
    """The format is a header in JSON with its length before it, then the data."""
    header: dict[str, object] = {}
    at = 0
    for name, array in arrays.items():
        end = at + array.nbytes
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array, np.float32).tobytes())


if __name__ == "__main__":
    export(Path(__file__).parents[1] / "fixtures" / "whisper-synth", Path(sys.argv[1]))
