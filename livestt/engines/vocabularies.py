"""Whisper vocabularies as files hold them: Hugging Face's ``tokenizer.json``, or tiktoken's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.errors import BadModel

MULTILINGUAL_SIZE = 51865
"""Tokens from which a Whisper knows more than English (OpenAI's ``model.py``)."""


def from_folder(folder: Path, *, multilingual: bool) -> Vocabulary:
    """The vocabulary of a Hugging Face or CTranslate2 folder.

    Args:
        folder: with ``tokenizer.json``.
        multilingual: whether the model knows more than English, whatever the file lists.

    Raises:
        BadModel: the folder has no usable tokenizer.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise BadModel(f"{folder} has no tokenizer.json, so it is not a complete Whisper model")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise BadModel(f"{path} cannot be read: {error}") from error

    def encode(text: str) -> Sequence[int]:
        ids: Sequence[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(tokens: Sequence[int]) -> str:
        return str(tokenizer.decode(list(tokens)))

    return Vocabulary(encode, decode, tokenizer.token_to_id, tokenizer.id_to_token, multilingual)


def is_multilingual(size: int) -> bool:
    """Whether a model with so many tokens knows more than English."""
    return size >= MULTILINGUAL_SIZE


def from_tiktoken(size: int) -> Vocabulary:
    """The vocabulary of OpenAI's models, out of mlx-whisper: MLX folders bring none.

    Args:
        size: tokens of the model; it tells which of OpenAI's vocabularies it is.
    """
    from mlx_whisper.tokenizer import get_encoding

    multilingual = is_multilingual(size)
    encoding = get_encoding("multilingual" if multilingual else "gpt2", _languages(size))

    def token(text: str) -> int | None:
        try:
            return int(encoding.encode_single_token(text))
        except KeyError:
            return None

    def one(number: int) -> str | None:
        return str(encoding.decode([number]))

    return Vocabulary(encoding.encode_ordinary, encoding.decode, token, one, multilingual)


def non_speech(size: int) -> Sequence[int]:
    """OpenAI's list of tokens that are never spoken: brackets, notes, speaker marks."""
    from mlx_whisper.tokenizer import get_tokenizer

    multilingual = is_multilingual(size)
    tokenizer = get_tokenizer(multilingual, num_languages=_languages(size))
    tokens: Sequence[int] = tokenizer.non_speech_tokens
    return tokens


def _languages(size: int) -> int:
    """Every language beyond 99 makes the multilingual vocabulary longer (OpenAI's model.py)."""
    return size - MULTILINGUAL_SIZE + 99 if size >= MULTILINGUAL_SIZE else 99
