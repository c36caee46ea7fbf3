"""The decorator that gives a command the options of some settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

import click

from livestt.cli.base import configure_logging, option, settings_of, switches
from livestt.option import GROUPS, Setting, Value
from livestt.settings import table

MODEL = ("Model",)
FILES = ("Model", "Streaming", "Audio")
EVERYTHING = GROUPS
DIARIZING_FILES = (
    "diarization_file_backend",
    "diarization_file_model",
    "diarization_file_latency",
)
"""Settings of the group Speakers that only concern files."""
SERVING = ("preload", "model_idle_seconds")
"""Settings of the group Model that only concern a server."""


def with_settings(
    groups: Iterable[str] = (),
    *,
    names: Iterable[str] = ("log_level",),
    without: Iterable[str] = (),
    defaults: Mapping[str, Value] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call a command with ``settings=``, made of its options and the environment.

    Args:
        groups: all settings of these groups; without ``Server``, none of `SERVING`.
        names: and these settings.
        without: but not these.
        defaults: of this command, where they differ from the table's.
    """
    excluded = {*without, *(() if "Server" in groups else SERVING)}
    wanted = [
        setting
        for setting in table()
        if setting.name in names
        or (setting.option.group in groups and setting.name not in excluded)
    ]
    differing = defaults or {}

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def collected(**values: Any) -> None:
            chosen = {setting.name: values.pop(setting.name) for setting in wanted}
            settings = settings_of(click.get_current_context(), chosen)
            configure_logging(settings)
            function(settings=settings, **values)

        _attach(collected, wanted, differing)
        return collected

    return decorate


def _attach(
    function: Callable[..., None], wanted: list[Setting], defaults: Mapping[str, Value]
) -> None:
    params = [
        made
        for setting in wanted
        for made in (
            option(setting, defaults.get(setting.name, setting.default)),
            *switches(setting),
        )
    ]
    # click reads the parameters of a function from here, last one first.
    already = getattr(function, "__click_params__", [])
    function.__click_params__ = [*reversed(params), *already]  # type: ignore[attr-defined]
