"""Turn a checkpoint into a Hugging Face folder, and such a folder into a CTranslate2 model."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
from pathlib import Path

import model
import tokens
import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

SPECIAL_NUMBERS = {
    "decoder_start_token_id": tokens.START_OF_TRANSCRIPT,
    "bos_token_id": tokens.END_OF_TEXT,
    "eos_token_id": tokens.END_OF_TEXT,
    "pad_token_id": tokens.END_OF_TEXT,
}
BLANK = 220  # " " alone
FIRST_TIMESTAMP_LIMIT = 50  # a transcript starts within the first second
COMPACT = {"tokenizer.json", "vocabulary.json"}

log = logging.getLogger(__name__)


def export_hugging_face(checkpoint: Path, tokenizer: Path, folder: Path) -> None:
    state = torch.load(checkpoint)
    whisper = WhisperForConditionalGeneration(whisper_config())
    whisper.load_state_dict(full_state(state["model"], state["used_tokens"]))
    whisper.generation_config = generation_config(Tokenizer.from_file(str(tokenizer)))
    whisper.half().save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=model.MEL_BANDS).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer),
        **dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), "<|endoftext|>"),
    ).save_pretrained(folder)
    shutil.copy(tokenizer, folder / "tokenizer.json")


def full_state(trained: dict[str, Tensor], used_tokens: list[int]) -> dict[str, Tensor]:
    """The trained weights without the CTC head, with a zero row for each token not in use."""
    state = {f"model.{name}": value for name, value in trained.items() if "ctc" not in name}
    rows = torch.zeros(tokens.VOCABULARY_SIZE, model.WIDTH)
    rows[used_tokens] = state["model.decoder.embed_tokens.weight"]
    return {**state, "model.decoder.embed_tokens.weight": rows, "proj_out.weight": rows}


def whisper_config() -> WhisperConfig:
    return WhisperConfig(
        vocab_size=tokens.VOCABULARY_SIZE,
        d_model=model.WIDTH,
        encoder_layers=model.ENCODER_LAYERS,
        decoder_layers=model.DECODER_LAYERS,
        encoder_attention_heads=model.HEADS,
        decoder_attention_heads=model.HEADS,
        encoder_ffn_dim=model.FEED_FORWARD,
        decoder_ffn_dim=model.FEED_FORWARD,
        num_mel_bins=model.MEL_BANDS,
        max_source_positions=model.MAX_FRAMES,
        max_target_positions=model.MAX_TOKENS,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        tie_word_embeddings=True,
        **SPECIAL_NUMBERS,
    )


def generation_config(tokenizer: Tokenizer) -> GenerationConfig:
    languages = range(tokens.FIRST_LANGUAGE, tokens.LAST_LANGUAGE + 1)
    return GenerationConfig(
        alignment_heads=model.ALIGNMENT_HEADS,
        is_multilingual=True,
        lang_to_id={tokenizer.id_to_token(number): number for number in languages},
        task_to_id={"transcribe": tokens.TRANSCRIBE, "translate": tokens.TRANSLATE},
        no_timestamps_token_id=tokens.NO_TIMESTAMPS,
        prev_sot_token_id=tokens.START_OF_PREVIOUS,
        max_initial_timestamp_index=FIRST_TIMESTAMP_LIMIT,
        max_length=model.MAX_TOKENS,
        return_timestamps=False,
        suppress_tokens=[],
        begin_suppress_tokens=[BLANK, tokens.END_OF_TEXT],
        **SPECIAL_NUMBERS,
    )


def export_ctranslate2(hugging_face: Path, folder: Path) -> None:
    converter = TransformersConverter(
        str(hugging_face), copy_files=["tokenizer.json", "preprocessor_config.json"]
    )
    converter.convert(str(folder), quantization="int8", force=True)
    for name in COMPACT:
        compact_json(folder / name)


def compact_json(path: Path) -> None:
    """Write the same JSON without indentation and escapes: the tokenizer shrinks by half."""
    content = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    path.chmod(0o644)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("hf", help="checkpoint to Hugging Face (float16)")
    command.add_argument("checkpoint", type=Path)
    command.add_argument("tokenizer", type=Path)
    command.add_argument("folder", type=Path)

    command = commands.add_parser("ct2", help="Hugging Face to CTranslate2 (int8)")
    command.add_argument("hugging_face", type=Path)
    command.add_argument("folder", type=Path)

    options = parser.parse_args()
    if options.command == "hf":
        export_hugging_face(options.checkpoint, options.tokenizer, options.folder)
    else:
        export_ctranslate2(options.hugging_face, options.folder)
    log.info("wrote %s", options.folder)


if __name__ == "__main__":
    main()
