"""Every setting of the server, once: the command line, ``LIVESTT_*`` and the docs come from here.

A setting is a field with a `livestt.option.Option` beside it, in the module of its group.
`livestt.cli.options` makes click options of them, and ``python -m livestt.cli.docs`` writes
``docs/settings.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, cast

from livestt.errors import UnsupportedOption
from livestt.option import GROUPS, Setting, Value
from livestt.settings.access import AccessSettings
from livestt.settings.audio import AudioSettings
from livestt.settings.files import FileSettings
from livestt.settings.model import BUILTIN_ENGINES, ENGINE_GROUP, ModelSettings, backends
from livestt.settings.server import ServerSettings
from livestt.settings.speakers import BUILTIN_DIARIZERS, DIARIZER_GROUP, SpeakerSettings
from livestt.settings.storing import StoreSettings
from livestt.settings.streaming import StreamingSettings
from livestt.settings.translation import TranslationSettings

if TYPE_CHECKING:
    from livestt.engines import EngineSettings

__all__ = [
    "BUILTIN_DIARIZERS",
    "BUILTIN_ENGINES",
    "DIARIZER_GROUP",
    "ENGINE_GROUP",
    "Settings",
    "backends",
    "table",
]


@dataclass(frozen=True, kw_only=True)
class Settings(
    ServerSettings,
    AccessSettings,
    ModelSettings,
    StreamingSettings,
    AudioSettings,
    FileSettings,
    SpeakerSettings,
    TranslationSettings,
    StoreSettings,
):
    """What the operator decides, for the whole process. Sessions choose within it.

    Raises:
        UnsupportedOption: a value out of range, or two that contradict each other.
    """

    def __post_init__(self) -> None:
        for row in table():
            row.check(getattr(self, row.name))
        if self.ssl_keyfile and not self.ssl_certfile:
            raise UnsupportedOption("--ssl-keyfile needs --ssl-certfile beside it.")
        if self.ssl_self_signed and self.ssl_certfile:
            raise UnsupportedOption("choose one of --ssl-self-signed and --ssl-certfile.")
        if self.audio_min_len >= self.audio_max_len:
            raise UnsupportedOption("--audio-min-len must be less than --audio-max-len.")
        if self.language != "auto" and not re.fullmatch("[a-z]{2,3}", self.language):
            raise UnsupportedOption(
                f"--language {self.language}: write a code of two or three small letters "
                "such as en, fr or yue, or auto."
            )

    def engine_settings(self) -> EngineSettings:
        """The part an engine needs to load, before the model is resolved to a folder."""
        from livestt.engines import EngineSettings

        return EngineSettings(
            model=self.wanted_model,
            device=self.device,
            compute_type=self.compute_type,
            threads=self.threads,
            model_dir=self.model_cache_dir,
            window=self.window,
            max_context_tokens=self.max_context_tokens,
            chunk_ms=self.chunk_ms,
            remote_url=self.remote_url,
            remote_model=self.remote_model,
            remote_timeout=self.remote_timeout,
            remote_requests=self.remote_requests,
            lora_path=self.lora_path,
            assistant_model=self.assistant_model,
            alignment_heads=self.alignment_heads,
        )


def table() -> tuple[Setting, ...]:
    """All settings, in the order in which people should read them."""
    return _TABLE


_TABLE = tuple(
    sorted(
        (Setting(f.name, cast(Value, f.default), f.metadata["option"]) for f in fields(Settings)),
        key=lambda row: GROUPS.index(row.option.group),
    )
)
