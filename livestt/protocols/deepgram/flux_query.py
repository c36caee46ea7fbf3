"""What a client of Flux asks for, in the address and later. Pure."""

from __future__ import annotations

from collections.abc import Iterable
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
    return FluxRequest(
        sound=live_sound(query)[0],
        options=replace(
            defaults,
            language=_language(query, engine, defaults.language),
            hotwords=hotwords(query) or defaults.hotwords,
        ),
        thresholds=Thresholds(
            query.number("eot_threshold", *EOT) or usual.eot,
            query.number("eager_eot_threshold", *EAGER),
            usual.timeout_ms if timeout is None else timeout,
        ),
        tags=tuple(query.all("tag")),
    )


def changed(thresholds: Thresholds, configure: Configure) -> Thresholds:
    """Thresholds with those of a ``Configure`` message changed.

    Raises:
        BadConfigure: a value out of range.
    """
    asked = configure.thresholds or {}
    ranges = {"eot_threshold": EOT, "eager_eot_threshold": EAGER, "eot_timeout_ms": TIMEOUT}
    for name, (low, high) in ranges.items():
        if name in asked and not low <= asked[name] <= high:
            raise BadConfigure("INVALID_THRESHOLD", f"{name} must be from {low} to {high}")
    return Thresholds(
        asked.get("eot_threshold", thresholds.eot),
        asked.get("eager_eot_threshold", thresholds.eager),
        int(asked.get("eot_timeout_ms", thresholds.timeout_ms)),
    )


def _language(query: Query, engine: Capabilities, default: str | None) -> str | None:
    """Flux says the language with the model's name, and hints where it may be any."""
    hints, model = query.all("language_hint"), query.text("model").lower()
    if len(hints) == 1:
        return language_option(hints[0], engine, default)
    if model.endswith("-multi"):
        return language_option("auto", engine, default)
    return "en" if model.endswith("-en") and "en" in engine.languages else default
