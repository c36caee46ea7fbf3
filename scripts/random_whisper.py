#!/usr/bin/env python3
"""Write a Whisper of a given size with random weights, to measure speed where no download is.

    python scripts/random_whisper.py tiny ./random-tiny
    livestt bench engine --model-path ./random-tiny --tokens 3.5 --full-load 20

Its shapes, tokens and alignment heads are those of the real one, so it costs the same; what it
writes means nothing, and it never writes an end. CTranslate2 format in int8. Needs
``pip install torch transformers`` besides livestt.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

VOCABULARY = Path(__file__).parents[1] / "tests" / "fixtures" / "whisper-synth" / "tokenizer.json"
END = 50257
START = 50258
LANGUAGES = range(50259, 50358)
NO_TIMESTAMPS = 50363
BANDS = 80


@dataclass(frozen=True, slots=True)
class Size:
    """Dimensions as OpenAI published them."""

    width: int
    layers: int
    alignment_heads: tuple[tuple[int, int], ...]


SIZES = {
    "tiny": Size(384, 4, ((2, 2), (3, 0), (3, 2), (3, 3), (3, 4), (3, 5))),
    "base": Size(512, 6, ((3, 1), (4, 2), (4, 3), (4, 7), (5, 1), (5, 2), (5, 4), (5, 6))),
    "small": Size(768, 12, ((5, 3), (5, 9), (8, 0), (8, 4), (8, 7), (8, 8), (9, 0), (9, 7),
                            (9, 9), (10, 5))),
}  # fmt: skip


def random_model(size: Size, seed: int) -> WhisperForConditionalGeneration:
    """The network, which only ever writes text."""
    torch.manual_seed(seed)
    heads = size.width // 64
    config = WhisperConfig(
        vocab_size=51865,
        num_mel_bins=BANDS,
        d_model=size.width,
        encoder_layers=size.layers,
        decoder_layers=size.layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * size.width,
        decoder_ffn_dim=4 * size.width,
        tie_word_embeddings=True,
        decoder_start_token_id=START,
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), END),
    )
    model = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        # Scores of 0 are below the best of so many random ones.
        model.get_output_embeddings().weight[END:] = 0
    model.generation_config = _generation(size)
    return model


def _generation(size: Size) -> GenerationConfig:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(VOCABULARY))
    names = tokenizer.convert_ids_to_tokens(list(LANGUAGES))
    return GenerationConfig(
        alignment_heads=[list(head) for head in size.alignment_heads],
        is_multilingual=True,
        lang_to_id=dict(zip(names, LANGUAGES, strict=True)),
        task_to_id={"transcribe": 50359, "translate": 50358},
        no_timestamps_token_id=NO_TIMESTAMPS,
        decoder_start_token_id=START,
        eos_token_id=END,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )


def write(model: WhisperForConditionalGeneration, folder: Path) -> None:
    """Save in CTranslate2 format."""
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        WhisperFeatureExtractor(feature_size=BANDS).save_pretrained(scratch)
        end = dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|endoftext|>")
        PreTrainedTokenizerFast(tokenizer_file=str(VOCABULARY), **end).save_pretrained(scratch)
        shutil.copy(VOCABULARY, Path(scratch) / "tokenizer.json")
        converter = TransformersConverter(
            scratch, copy_files=["tokenizer.json", "preprocessor_config.json"]
        )
        converter.convert(str(folder), quantization="int8", force=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("size", choices=sorted(SIZES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write(random_model(SIZES[options.size], options.seed), options.folder)


if __name__ == "__main__":
    main()
