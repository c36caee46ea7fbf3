"""Whisper vocabularies as files hold them: Hugging Face's ``tokenizer.json``, or tiktoken's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.errors import BadModel

MULTILINGUAL_SIZE = 51865
"""Tokens from which a Whisper knows more than English (OpenAI's ``model.py``)."""


def from_folder(folder: Path, size: int) -> Vocabulary:
    """The vocabulary of a Hugging Face folder.

    Args:
        folder: with ``tokenizer.json``.
        size: tokens of the model.

    Raises:
        BadModel: the folder has no usable tokenizer.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise BadModel(f"{folder} has no tokenizer.json, so it is not a complete Whisper model")
    tokenizer = Tokenizer.from_file(str(path))

    def encode(text: str) -> Sequence[int]:
        ids: Sequence[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(tokens: Sequence[int]) -> str:
        return str(tokenizer.decode(list(tokens)))

    return Vocabulary(
        encode, decode, tokenizer.token_to_id, tokenizer.id_to_token, size >= MULTILINGUAL_SIZE
    )
