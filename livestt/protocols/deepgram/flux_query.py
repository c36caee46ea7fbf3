"""What a client of Flux asks for, in the address and later. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from livestt.engines import Capabilities, StreamOptions
from livestt.protocols.deepgram.control import BadConfigure, Configure
from livestt.protocols.deepgram.query import (
    Query,
    Sound,
    hotwords,
    live_sound,
    refuse_promises,
)
from livestt.protocols.options import language_option

EOT, EAGER, TIMEOUT = (0.5, 0.9), (0.3, 0.9), (500, 10_000)
"""The ranges of the thresholds, and of the timeout in milliseconds."""
CERTAIN = 1000
"""Milliseconds of silence that a threshold of 1 would ask for."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When turns end."""

    eot: float = 0.7
    eager: float | None = None
    timeout_ms: int = 5000

    @property
    def silence_ms(self) -> int:
        """Silence that ends a turn."""
        return min(round(self.eot * CERTAIN), self.timeout_ms)

    @property
    def first_silence_ms(self) -> int:
        """Silence after which there is something to say."""
        eager = self.silence_ms if self.eager is None else round(self.eager * CERTAIN)
        return min(eager, self.silence_ms)

    def told(self) -> dict[str, float | int | None]:
        return {
            "eager_eot_threshold": self.eager,
            "eot_threshold": self.eot,
            "eot_timeout_ms": self.timeout_ms,
        }


@dataclass(frozen=True, slots=True)
class FluxRequest:
    """What one client of ``WS /v2/listen`` asks for."""

    sound: Sound
    options: StreamOptions
    thresholds: Thresholds = Thresholds()
    model: str = ""
    """As the client calls it; may say a language."""
    tags: tuple[str, ...] = ()


def parse_flux(
    pairs: Iterable[tuple[str, str]], engine: Capabilities, defaults: StreamOptions
) -> FluxRequest:
    """Read the parameters of ``WS /v2/listen``.

    Raises:
        BadRequest: a value that cannot be honoured; names the parameter and what it may be.
    """
    query = Query(pairs)
    refuse_promises(query)
    timeout, usual = query.whole("eot_timeout_ms", *TIMEOUT), Thresholds()
    model = query.text("model").lower()
    return FluxRequest(
        sound=live_sound(query)[0],
        options=replace(
            defaults,
            language=language_of(model, query.all("language_hint"), engine, defaults.language),
            hotwords=hotwords(query) or defaults.hotwords,
        ),
        thresholds=Thresholds(
            query.number("eot_threshold", *EOT) or usual.eot,
            query.number("eager_eot_threshold", *EAGER),
            usual.timeout_ms if timeout is None else timeout,
        ),
        model=model,
        tags=tuple(query.all("tag")),
    )


def changed(thresholds: Thresholds, configure: Configure) -> Thresholds:
    """Thresholds with those of a ``Configure`` message changed; a null ``eager_eot_threshold``
    switches it off, as leaving it out of the address does.

    Raises:
        BadConfigure: a value out of range.
    """
    asked = configure.thresholds or {}
    ranges = {"eot_threshold": EOT, "eager_eot_threshold": EAGER, "eot_timeout_ms": TIMEOUT}
    given: dict[str, float] = {}
    for name, (low, high) in ranges.items():
        value = asked.get(name)
        if value is None:
            continue
        if not low <= value <= high:
            raise BadConfigure("INVALID_THRESHOLD", f"{name} must be from {low} to {high}")
        given[name] = value
    eager = None if "eager_eot_threshold" in asked else thresholds.eager
    return Thresholds(
        given.get("eot_threshold", thresholds.eot),
        given.get("eager_eot_threshold", eager),
        int(given.get("eot_timeout_ms", thresholds.timeout_ms)),
    )


def language_of(
    model: str, hints: Sequence[str], engine: Capabilities, default: str | None
) -> str | None:
    """Flux says the language with the model's name, and hints where it may be any.

    Args:
        model: its name in lower case.
        hints: a single one is taken as the language.
        engine: who answers.
        default: where neither says.

    Raises:
        BadRequest: not a language of the engine.
    """
    if len(hints) == 1:
        return language_option(hints[0], engine, default)
    if model.endswith("-multi"):
        return language_option("auto", engine, default)
    return "en" if model.endswith("-en") and "en" in engine.languages else default
