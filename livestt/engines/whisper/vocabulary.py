"""Whisper's tokens as text and text as tokens, whichever library holds the table."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from livestt.engines import Task
from livestt.engines.whisper.alignment import REPLACEMENT, Piece, merge_punctuation

WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without spaces: every character is a word of its own (as in Whisper), with the
vowel signs and tone marks that stand over, under or behind it."""


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer of one model.

    Tokens below `eot` are text; languages, tasks and timestamps lie above it.
    """

    encode: Callable[[str], Sequence[int]]
    decode: Callable[[Sequence[int]], str]
    token: Callable[[str], int | None]
    """The number of a special token such as ``<|en|>``, or None."""
    name: Callable[[int], str | None]
    """The special token with this number."""
    multilingual: bool

    @cached_property
    def eot(self) -> int:
        return self._special("<|endoftext|>")

    @cached_property
    def previous(self) -> int:
        return self._special("<|startofprev|>")

    @cached_property
    def no_speech(self) -> int:
        return self._special("<|nospeech|>", "<|nocaptions|>")

    @cached_property
    def begin(self) -> int:
        return self._special("<|startoftranscript|>")

    @cached_property
    def languages(self) -> dict[str, int]:
        """Token of each language; empty for a model that knows only English."""
        if not self.multilingual:
            return {}
        last = min(self._special("<|translate|>"), self._special("<|transcribe|>"))
        tokens = range(self.begin + 1, last)
        return {(self.name(token) or "").strip("<|>"): token for token in tokens}

    def start(self, language: str, task: Task) -> tuple[int, ...]:
        """The tokens between context and text."""
        told = (self.languages[language], self._special(f"<|{task}|>")) if self.multilingual else ()
        return (self.begin, *told, self._special("<|notimestamps|>"))

    def text_tokens(self, text: str) -> tuple[int, ...]:
        return _cached_encode(self.encode, text)

    def words(self, tokens: Sequence[int], language: str) -> list[Piece]:
        """Text tokens as written words, punctuation attached."""
        pieces = self.characters(tokens)
        joined = _join_marks if language in WITHOUT_SPACES else _join_at_spaces
        return merge_punctuation(joined(pieces))

    def characters(self, tokens: Sequence[int]) -> list[Piece]:
        """The smallest runs of tokens that are whole characters."""
        whole = self.decode(tokens)
        pieces: list[Piece] = []
        run: list[int] = []
        at = 0
        for token in tokens:
            run.append(token)
            text = self.decode(run)
            broken = text.find(REPLACEMENT)
            if broken < 0 or whole[at + broken : at + broken + 1] == REPLACEMENT:
                pieces.append(Piece(text, tuple(run)))
                at += len(text)
                run = []
        return pieces

    def _special(self, *names: str) -> int:
        found = next((token for name in names if (token := self.token(name)) is not None), None)
        if found is None:
            raise ValueError(f"the tokenizer has no token {names[0]}")
        return found


def _join_at_spaces(pieces: Iterable[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        begins = piece.text.startswith(" ") or piece.text.strip() in string.punctuation
        if begins or not joined:
            joined.append(piece)
        else:
            last = joined[-1]
            joined[-1] = Piece(last.text + piece.text, last.tokens + piece.tokens)
    return joined


def _join_marks(pieces: Iterable[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if joined and unicodedata.category(piece.text[:1] or " ")[0] == "M":
            last = joined[-1]
            joined[-1] = Piece(last.text + piece.text, last.tokens + piece.tokens)
        else:
            joined.append(piece)
    return joined


@lru_cache(maxsize=256)
def _cached_encode(encode: Callable[[str], Sequence[int]], text: str) -> tuple[int, ...]:
    return tuple(encode(text))
