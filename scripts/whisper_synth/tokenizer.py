"""Write the tokenizer.json of multilingual Whisper from the ranks in the openai-whisper sdist."""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from pathlib import Path

import tokens
from tokenizers import Tokenizer
from transformers.convert_slow_tokenizer import TikTokenConverter
from transformers.models.whisper.tokenization_whisper import LANGUAGES as LANGUAGE_NAMES

RANKS = "whisper/assets/multilingual.tiktoken"
SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def special_tokens() -> list[str]:
    languages = list(LANGUAGE_NAMES)[: tokens.LANGUAGES]
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    times = [f"{step * tokens.TIMESTAMP_STEP_S:.2f}" for step in range(tokens.TIMESTAMPS)]
    names = ["endoftext", "startoftranscript", *languages, *tasks, *times]
    return [f"<|{name}|>" for name in names]


def build(sdist: Path) -> Tokenizer:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(sdist) as archive:
        (member,) = (name for name in archive.getnames() if name.endswith(RANKS))
        archive.extract(member, folder, filter="data")
        converter = TikTokenConverter(
            vocab_file=str(Path(folder) / member),
            pattern=SPLIT,
            extra_special_tokens=special_tokens(),
        )
        tokenizer = converter.converted()
    check(tokenizer)
    return tokenizer


def check(tokenizer: Tokenizer) -> None:
    """Every number the rest of the recipe relies on must be where Whisper has it."""
    for content, number in (
        ("<|endoftext|>", tokens.END_OF_TEXT),
        ("<|en|>", tokens.ENGLISH),
        ("<|su|>", tokens.LAST_LANGUAGE),
        ("<|transcribe|>", tokens.TRANSCRIBE),
        ("<|0.00|>", tokens.FIRST_TIMESTAMP),
        ("<|30.00|>", tokens.VOCABULARY_SIZE - 1),
    ):
        if tokenizer.token_to_id(content) != number:
            raise ValueError(f"{content} is {tokenizer.token_to_id(content)}, expected {number}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sdist", type=Path, help="openai_whisper-*.tar.gz")
    parser.add_argument("output", type=Path, help="tokenizer.json to write")
    options = parser.parse_args()
    build(options.sdist).save(str(options.output), pretty=False)


if __name__ == "__main__":
    main()
