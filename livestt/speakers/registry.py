"""Which diarizers there are, and how one is loaded.

Diarizers are entry points of the group ``livestt.diarizers``; each is imported only when it is
used. A diarizer class takes one `DiarizerSettings`. If it declares ``kind``, the model's name is
first resolved to a folder with a converted model of that kind (`livestt.models.diarizers`);
without it the name is passed on as it was written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

from livestt import plugins
from livestt.errors import UnsupportedOption
from livestt.settings import Settings
from livestt.settings.speakers import BUILTIN_DIARIZERS, DEFAULT_MODELS, DIARIZER_GROUP
from livestt.speakers import Diarizer, DiarizerSettings, WithPresets

log = logging.getLogger(__name__)

NEEDS = {"pyannote": ("pyannote.audio", "pyannote")}
"""Module that a diarizer of ours needs, and the extra that installs it. The others need what makes
their model, once: see `livestt.models.diarizers.lacking`."""

Say = Callable[[str], None]
"""Told in one sentence what is about to take long."""


def available() -> dict[str, EntryPoint]:
    """Every diarizer by name: livestt's own, and those of other packages. None is imported."""
    points = plugins.installed(DIARIZER_GROUP, BUILTIN_DIARIZERS)
    return {name: points[name] for name in sorted(points)}


def check_diarizers(settings: Settings) -> None:
    """Refuse diarizers that are not installed, without loading or fetching a model.

    Raises:
        SetupError: `load_diarizer` or `load_file_diarizer` would fail too.
    """
    for name in (settings.diarization_backend, settings.diarization_file_backend):
        if name not in ("auto", "same"):
            _import(name)


def load_diarizer(settings: Settings, progress: Say | None = None) -> Diarizer:
    """Load the diarizer that the settings ask for. Blocking, and may download.

    Args:
        settings: the operator's.
        progress: told in one sentence what is about to take long.

    Raises:
        SetupError: it cannot be loaded, or there is no such diarizer.
    """
    return _load(settings.diarization_backend, _wanted(settings), progress or log.info)


def load_file_diarizer(
    settings: Settings, live: Diarizer | None = None, progress: Say | None = None
) -> Diarizer:
    """Load the diarizer of files. Blocking, and may download.

    Args:
        settings: the operator's.
        live: a loaded one whose model may be shared; if it has no presets, it is the answer.
        progress: told in one sentence what is about to take long.

    Raises:
        SetupError: it cannot be loaded, or there is no such diarizer.
    """
    latency, backend = settings.diarization_file_latency, settings.diarization_file_backend
    if backend == "same" and live is not None:
        return live.at(latency) if isinstance(live, WithPresets) else live
    wanted = replace(_wanted(settings), latency=latency)
    if backend == "same":
        backend = settings.diarization_backend
    else:
        model = settings.diarization_file_model or DEFAULT_MODELS.get(backend, "")
        wanted = replace(wanted, model=model)
    return _load(backend, wanted, progress or log.info)


def _wanted(settings: Settings) -> DiarizerSettings:
    return settings.diarizer_settings(settings.threads, settings.device, settings.model_cache_dir)


def _load(backend: str, wanted: DiarizerSettings, say: Say) -> Diarizer:
    if backend == "auto":
        backend, wanted = _by_model(wanted, say)
        factory = _import(backend)
    else:
        factory = _import(backend)
        kind = getattr(factory, "kind", None)
        if kind is not None:
            wanted = _resolved(wanted, kind, say)
    diarizer: Diarizer = factory(wanted)
    if diarizer.capabilities.notice:
        log.warning(diarizer.capabilities.notice)
    return diarizer


def _by_model(wanted: DiarizerSettings, say: Say) -> tuple[str, DiarizerSettings]:
    from livestt.models import diarizers

    folder = diarizers.resolve(wanted.model, wanted.model_dir, say)
    return diarizers.kind_of(folder), replace(wanted, model=str(folder))


def _resolved(wanted: DiarizerSettings, kind: str, say: Say) -> DiarizerSettings:
    found, resolved = _by_model(wanted, say)
    if found != kind:
        raise UnsupportedOption(
            f"--diarization-backend {kind}: {wanted.model} is a model for {found}. Leave the "
            "option out."
        )
    return resolved


def _import(name: str) -> Any:
    point = available().get(name)
    if point is None:
        raise UnsupportedOption(
            f"--diarization-backend {name}: no such diarizer. Installed: {', '.join(available())}."
        )
    return plugins.load(point, "diarizer")
