"""Which engines there are, and how one is loaded.

Engines are entry points of the group ``livestt.engines``; each is imported only when it is used.
An engine class takes one `EngineSettings` and may declare ``weights``, the format in which it wants
the folder `EngineSettings.model`: ``"ctranslate2"``, ``"transformers"`` or ``"mlx"``. Without it
the model's name is passed on as it was written. A window engine may have a static ``devices``,
which tells of an `EngineSettings` how many GPUs there are for it: each gets an engine of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from livestt import plugins
from livestt.engines import Capabilities, Engine, EngineSettings
from livestt.engines.fleet import load_on_all
from livestt.engines.support import check_options, check_support
from livestt.errors import MissingExtra, ModelUnavailable, UnsupportedOption
from livestt.extras import install_command
from livestt.languages import CODES
from livestt.program import command
from livestt.settings import BUILTIN_ENGINES, ENGINE_GROUP, Settings

log = logging.getLogger(__name__)

DEFAULT = "faster-whisper"
FALLBACK = "pocketsphinx"

_NEEDS = {
    "faster-whisper": ("faster_whisper", ""),
    "mlx-whisper": ("mlx_whisper", "mlx"),
    "pocketsphinx": ("pocketsphinx", "embedded"),
    "remote": ("httpx2", "remote"),
    "transducer": ("transformers", "torch"),
    "transformers": ("transformers", "torch"),
}
"""Module that an engine of ours needs, and the extra that installs it."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """An engine that could be loaded; nothing of it has been imported."""

    name: str
    point: EntryPoint
    installed: bool
    install: str | None
    """The command that installs what it needs, or None if nothing is missing."""


def available() -> dict[str, EngineInfo]:
    """Every engine by name: livestt's own, and those of other packages."""
    points = plugins.installed(ENGINE_GROUP, BUILTIN_ENGINES)
    return {name: _info(points[name]) for name in sorted(points)}


def _info(point: EntryPoint) -> EngineInfo:
    extra = plugins.lacking(point.name, _NEEDS)
    command = None if extra is None else install_command(extra)
    return EngineInfo(point.name, point, command is None, command)


def load_engine(settings: Settings, progress: Callable[[str], None] | None = None) -> Engine:
    """Load the engine that the settings ask for; ``auto`` finds one that works.

    Args:
        settings: the operator's.
        progress: told in one sentence what is about to take long.

    Raises:
        SetupError: no engine can be loaded, or it cannot do what the settings ask.
    """
    say = progress or log.info
    if settings.backend == "auto":
        engine = _load_auto(settings, say)
    else:
        engine = _load(settings.backend, settings, say)
    notice = engine.capabilities.notice
    if notice:
        log.warning(notice.replace("livestt pull ", f"{command()} pull "))
    return engine


def check_engine(settings: Settings) -> None:
    """Refuse what can be seen to be wrong without loading or fetching anything.

    Raises:
        SetupError: `load_engine` would fail too.
    """
    name = DEFAULT if settings.backend == "auto" else settings.backend
    factory = _import(name)
    check_options(name, settings)
    wanted = settings.engine_settings()
    _devices(factory, wanted)
    if getattr(factory, "weights", None) == "ctranslate2":
        _check_model(name, settings)


def check_obtainable(settings: Settings) -> None:
    """Refuse a model that is not here where it cannot be fetched, or converted, either.

    Asks the hub whether it answers, if the model is not here.

    Raises:
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: it would have to be converted, which needs torch.
        BadModel: there is no such model.
    """
    from livestt.models import hub, locate, originals
    from livestt.models.conversions import check_converter

    name = DEFAULT if settings.backend == "auto" else settings.backend
    weights = getattr(_import(name), "weights", None)
    if weights is None:
        return
    wanted, cache = settings.wanted_model, settings.model_cache_dir
    if weights == "ctranslate2":
        folder = locate.local(wanted, cache)
    else:
        folder = originals.here(wanted, "mlx" if weights == "mlx" else "transformers", cache)
    if folder is None:
        reason = hub.unreachable()
        if reason is not None:
            spec = wanted if weights == "ctranslate2" else f"{name}:{wanted}"
            raise hub.unavailable(wanted, reason, hub.pull_elsewhere(spec))
    elif weights == "ctranslate2" and not locate.ready(wanted, cache):
        check_converter(folder)


def _check_model(name: str, settings: Settings) -> None:
    """Refuse a model that there is not, or whose makers say that it cannot do what is wanted."""
    from livestt.models import catalog, locate
    from livestt.models.folder import check

    wanted = settings.wanted_model
    folder = locate.local(wanted, settings.model_cache_dir)
    if folder is not None:
        check(folder)
    known = catalog.find(wanted)
    if known is not None:
        languages = frozenset({"en"}) if known.english_only else CODES
        check_support(
            Capabilities(
                name,
                known.name,
                "window",
                languages=languages,
                translates=known.translates,
                attends=True,
            ),
            settings,
        )


def _load_auto(settings: Settings, say: Callable[[str], None]) -> Engine:
    try:
        return _load(DEFAULT, settings, say)
    except ModelUnavailable as missing:
        if settings.names_model:
            raise ModelUnavailable(f"{missing} {_OTHERWISE}") from missing
        return _load_fallback(settings, say, missing)


_OTHERWISE = (
    "Without --model, a small low-accuracy engine stands in if no model is available "
    f"(--backend {FALLBACK})."
)


def _load_fallback(
    settings: Settings, say: Callable[[str], None], missing: ModelUnavailable
) -> Engine:
    if not available()[FALLBACK].installed:
        raise ModelUnavailable(
            f"{missing} For a small low-accuracy engine that needs no download: "
            f"{install_command('embedded')}"
        ) from missing
    try:
        engine = _load(FALLBACK, settings, say)
    except UnsupportedOption as refusal:
        reason = str(refusal).partition(". ")[0].rstrip(".")
        raise ModelUnavailable(f"{missing} The fallback cannot stand in: {reason}.") from missing
    notice = (
        "Low-accuracy fallback engine (PocketSphinx, US English only): no Whisper model is "
        f"available. Get one with: livestt pull {settings.wanted_model}"
    )
    engine.capabilities = replace(engine.capabilities, notice=notice)
    return engine


def _load(name: str, settings: Settings, say: Callable[[str], None]) -> Engine:
    factory = _import(name)
    check_options(name, settings)
    wanted = settings.engine_settings()
    label = None
    weights = getattr(factory, "weights", None)
    if weights is not None:
        label = wanted.model
        wanted = _with_weights(wanted, weights, say)
        say(f"Loading {name} {label}")
    else:
        say(f"Loading {name}")
    engine = load_on_all(factory, wanted, _devices(factory, wanted))
    if label is not None:
        engine.capabilities = _named(engine.capabilities, label)
    try:
        check_support(engine.capabilities, settings)
    except UnsupportedOption:
        engine.close()
        raise
    return engine


def _devices(factory: Any, wanted: EngineSettings) -> int:
    """How many devices are to have an engine each."""
    count = getattr(factory, "devices", None)
    return int(count(wanted)) if count else 1


def _import(name: str) -> Any:
    info = available().get(name)
    if info is None:
        raise UnsupportedOption(
            f"--backend {name}: no such engine. Installed: {', '.join(available())}."
        )
    if not info.installed:
        raise MissingExtra(f"The engine {name}", _NEEDS[name][1])
    return plugins.load(info.point, "engine")


def _with_weights(
    wanted: EngineSettings, weights: str, say: Callable[[str], None]
) -> EngineSettings:
    from livestt.models import originals, resolve

    if weights == "ctranslate2":
        return replace(wanted, model=str(resolve(wanted.model, wanted.model_dir, say)))
    format: originals.Format = "mlx" if weights == "mlx" else "transformers"

    def find(spec: str) -> str:
        return str(originals.resolve(spec, format, wanted.model_dir, say))

    assistant = find(wanted.assistant_model) if wanted.assistant_model else None
    return replace(wanted, model=find(wanted.model), assistant_model=assistant)


def _named(capabilities: Capabilities, label: str) -> Capabilities:
    """Call the model what the user called it, and know what its makers say it cannot do."""
    from livestt.models import catalog

    known = catalog.find(label)
    name = known.name if known else label
    if Path(label).is_dir() and known is None:
        name = Path(label).resolve().name
    translates = capabilities.translates and (known is None or known.translates)
    return replace(capabilities, model=name, translates=translates)
