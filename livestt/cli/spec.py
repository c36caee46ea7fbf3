"""``SPEC`` on the command line: a model, an engine, or ``engine:model``."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.settings import backends, table

_SYNONYMS = next(s.option.synonyms for s in table() if s.name == "backend")


@dataclass(frozen=True, slots=True)
class Spec:
    """What to load; None where the user left it open."""

    backend: str | None
    model: str | None


def parse(text: str) -> Spec:
    """Read a spec. A colon counts only after the name of an engine, so paths may hold one."""
    before, colon, after = text.partition(":")
    engine = _SYNONYMS.get(before, before)
    if engine not in backends() or engine == "auto":
        return Spec(None, text)
    return Spec(engine, after or None) if colon else Spec(engine, None)
