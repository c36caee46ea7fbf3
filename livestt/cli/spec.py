"""``SPEC`` on the command line: a model, an engine, or ``engine:model``."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.errors import UnsupportedOption
from livestt.settings import backends, table

_BACKEND = next(s.option for s in table() if s.name == "backend")


@dataclass(frozen=True, slots=True)
class Spec:
    """What to load; None where the user left it open."""

    backend: str | None
    model: str | None


def parse(text: str) -> Spec:
    """Read a spec. A colon counts only after the name of an engine, so paths may hold one."""
    before, colon, after = text.partition(":")
    engine = _BACKEND.synonyms.get(before, before)
    if engine not in backends() or engine == "auto":
        return Spec(None, text)
    return Spec(engine, after or None) if colon else Spec(engine, None)


def known(text: str) -> Spec:
    """Read a spec that is to be loaded.

    Raises:
        UnsupportedOption: it is an engine of WhisperLiveKit's that livestt does not have.
    """
    hint = _BACKEND.hints.get(text.partition(":")[0])
    if hint is not None:
        raise UnsupportedOption(f"{text}: {hint}")
    return parse(text)
