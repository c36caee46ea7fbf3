"""The settings table: complete, coherent, and strict about values."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from livestt.engines import EngineSettings, StreamOptions
from livestt.errors import UnsupportedOption
from livestt.option import GROUPS, Setting
from livestt.settings import BUILTIN_ENGINES, ENGINE_GROUP, Settings, backends, table

ROOT = Path(__file__).parent.parent


def row(name: str) -> Setting:
    return next(setting for setting in table() if setting.name == name)


def test_table_has_every_field_by_group() -> None:
    names = [setting.name for setting in table()]
    assert sorted(names) == sorted(field.name for field in fields(Settings))
    assert tuple(dict.fromkeys(setting.option.group for setting in table())) == GROUPS


@pytest.mark.parametrize("setting", table(), ids=lambda setting: setting.name)
def test_every_setting_teaches(setting: Setting) -> None:
    assert setting.option.help.endswith(".")
    assert len(setting.option.help) > 20
    assert " " not in setting.option.unit
    setting.check(setting.default)


def test_flag_and_variable_follow_from_the_name() -> None:
    assert row("max_sessions").flag == "--max-sessions"
    assert row("max_sessions").variable == "LIVESTT_MAX_SESSIONS"


def test_no_flag_is_given_twice() -> None:
    flags = [f for s in table() for f in (s.flag, *s.option.aliases, *s.option.switches)]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize("setting", [s for s in table() if s.option.synonyms], ids=str)
def test_synonyms_mean_choices_there_are(setting: Setting) -> None:
    assert set(setting.option.synonyms.values()) <= set(setting.option.allowed())
    assert not set(setting.option.synonyms) & set(setting.option.allowed())


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"port": 65536}, "--port 65536: the maximum is 65535."),
        ({"max_sessions": 0}, "--max-sessions 0: the minimum is 1."),
        ({"seconds_ahead": float("inf")}, "--seconds-ahead inf: write a number"),
        ({"vad_threshold": float("nan")}, "--vad-threshold nan: write a number"),
        ({"min_chunk_size": 0.01}, "--min-chunk-size 0.01: the minimum is 0.1."),
        ({"audio_max_len": 31.0}, "--audio-max-len 31: the maximum is 30."),
        ({"device": "gpu"}, "--device gpu: write cuda."),
        ({"decoder": "greedy"}, "this option now names the audio decoder"),
        ({"backend_policy": "magic"}, "Choose one of: auto, alignatt, localagreement."),
        ({"backend": "mlx"}, "--backend mlx: no such choice. Choose one of: auto, faster"),
        ({"language": "English"}, "such as en, fr or yue, or auto"),
        ({"language": "en-US"}, "--language en-US"),
        ({"ssl_keyfile": "key.pem"}, "--ssl-keyfile needs --ssl-certfile"),
        ({"audio_min_len": 5.0, "audio_max_len": 4.0}, "must be less than --audio-max-len"),
    ],
)
def test_values_that_cannot_work_are_refused_with_advice(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UnsupportedOption) as refusal:
        Settings(**values)
    assert says in str(refusal.value)


def test_engine_settings_prefer_the_path() -> None:
    settings = Settings(model="small", model_cache_dir="/m", threads=3, window="full30")
    assert settings.engine_settings() == EngineSettings(
        model="small", threads=3, model_dir="/m", window="full30"
    )
    assert Settings(model_path="./here").engine_settings().model == "./here"


def test_stream_options() -> None:
    assert Settings().stream_options() == StreamOptions()
    asked = Settings(
        language="fr", task="translate", init_prompt="Bonjour.", hotwords=" Loire, ,Angers "
    ).stream_options()
    assert asked == StreamOptions("fr", "translate", "Bonjour.", ("Loire", "Angers"))


def test_engines_are_the_ones_the_package_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"][ENGINE_GROUP] == dict(BUILTIN_ENGINES)
    assert backends()[0] == "auto"
    assert set(BUILTIN_ENGINES) < set(backends())
