"""Flags, variables, old names, and flags that are gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from livestt.cli.retired import RETIRED, advice
from livestt.option import Setting
from livestt.settings import Settings, table

Served = Callable[..., Settings]
Run = Callable[..., Result]

ELSE: dict[str, tuple[str, Any]] = {
    "host": ("0.0.0.0", "0.0.0.0"),
    "target_language": ("de", "de"),
    "translation_model": ("org/model", "org/model"),
    "translation_backend": ("scripted", "scripted"),
    "embedding_backend": ("resemblyzer", "resemblyzer"),
    "embedding_model": ("./voices.onnx", "./voices.onnx"),
    "port": ("9000", 9000),
    "ssl_certfile": ("c.pem", "c.pem"),
    "forwarded_allow_ips": ("10.0.0.0/8", "10.0.0.0/8"),
    "max_requests_per_minute": ("600", 600),
    "log_level": ("DEBUG", "debug"),
    "allow_origin": ("https://a.org", ("https://a.org",)),
    "log_format": ("json", "json"),
    "api_keys_file": ("./keys", "./keys"),
    "allow_host": ("a.example", ("a.example",)),
    "model": ("small", "small"),
    "model_path": ("./m", "./m"),
    "model_cache_dir": ("/m", "/m"),
    "backend": ("Scripted", "scripted"),
    "device": ("cuda", "cuda"),
    "compute_type": ("int8", "int8"),
    "remote_url": ("http://host/v1", "http://host/v1"),
    "remote_model": ("large-v3", "large-v3"),
    "lora_path": ("./lora", "./lora"),
    "assistant_model": ("tiny", "tiny"),
    "alignment_heads": ("1:0,1:1", "1:0,1:1"),
    "language": ("fr", "fr"),
    "task": ("translate", "translate"),
    "init_prompt": ("Hello, Ann.", "Hello, Ann."),
    "hotwords": ("Ann,Bo", "Ann,Bo"),
    "backend_policy": ("localagreement", "localagreement"),
    "window": ("full30", "full30"),
    "decoder": ("ffmpeg", "ffmpeg"),
    "diarization_backend": ("scripted", "scripted"),
    "record_dir": ("./r", "./r"),
    "diarization_file_backend": ("scripted", "scripted"),
    "diarization_file_latency": ("10", "10"),
    "diarization_file_model": ("./f", "./f"),
    "diarization_latency": ("0.32", "0.32"),
    "diarization_model": ("./d", "./d"),
    "file_model": ("small", ("small",)),
    "file_models_loaded": ("2", 2),
    "fetch_from": ("cdn.example.org", ("cdn.example.org",)),
    "store": ("./t.db", "./t.db"),
    "wyoming_host": ("0.0.0.0", "0.0.0.0"),
    "wyoming_port": ("10300", 10300),
}
"""For settings whose other value cannot be made up: what is written, and what it means."""


def other(setting: Setting) -> tuple[str, Any]:
    """A value that is not the default, as text and as meant."""
    default = setting.default
    if isinstance(default, bool):
        return str(not default).lower(), not default
    if setting.name in ELSE:
        return ELSE[setting.name]
    assert isinstance(default, int | float), f"{setting.name}: add a value to ELSE"
    changed = type(default)(default * 0.9) if default else default + 1
    return str(changed), changed


PLAIN = [setting for setting in table() if setting.name != "ssl_keyfile"]


@pytest.mark.parametrize("setting", PLAIN, ids=lambda setting: setting.name)
def test_every_setting_by_variable_and_by_flag(setting: Setting, served: Served) -> None:
    text, meant = other(setting)
    assert getattr(served(**{setting.variable: text}), setting.name) == meant
    if isinstance(meant, bool):
        flag = [setting.flag if meant else setting.flag.replace("--", "--no-", 1)]
    else:
        flag = [setting.flag, text]
    assert getattr(served(*flag), setting.name) == meant
    assert served() == Settings()


@pytest.mark.parametrize(
    ("args", "name", "value"),
    [
        (["--lan", "fr"], "language", "fr"),
        (["--model_dir", "/m"], "model_path", "/m"),
        (["--model-dir", "/m"], "model_path", "/m"),
        (["--model_cache_dir", "/m"], "model_cache_dir", "/m"),
        (["--custom-alignment-heads", "1:0"], "alignment_heads", "1:0"),
        (["--static-init-prompt", "Hi."], "init_prompt", "Hi."),
        (["--direct-english-translation"], "task", "translate"),
        (["--no-vac"], "vad", False),
        (["-l", "ERROR"], "log_level", "error"),
        (["--backend-policy", "simulstreaming"], "backend_policy", "alignatt"),
        (["--backend-policy", "1"], "backend_policy", "alignatt"),
        (["--backend-policy", "2"], "backend_policy", "localagreement"),
        (["--backend", "whisper"], "backend", "faster-whisper"),
        (["--ssl-certfile", "c", "--ssl-keyfile", "k"], "ssl_keyfile", "k"),
    ],
)
def test_names_known_from_elsewhere(
    args: list[str], name: str, value: object, served: Served
) -> None:
    assert getattr(served(*args), name) == value


def test_flag_wins_over_variable_and_empty_variable_is_none(served: Served) -> None:
    assert served("--port", "9001", LIVESTT_PORT="9000").port == 9001
    assert served(LIVESTT_MODEL_PATH="", LIVESTT_PORT="") == Settings()


def test_origins_repeat_and_their_variable_holds_several(served: Served) -> None:
    both = ("https://a.org", "https://b.org")
    assert served("--allow-origin", both[0], "--allow-origin", both[1]).allow_origin == both
    assert served(LIVESTT_ALLOW_ORIGIN="https://a.org, https://b.org").allow_origin == both


def test_serve_is_understood(served: Served) -> None:
    assert served("--port", "9000") == served("serve", "--port", "9000")


@pytest.mark.parametrize("flag", sorted(RETIRED))
def test_flags_that_are_gone_say_what_to_do(flag: str, run: Run) -> None:
    result = run(flag + "something" if flag.endswith("-") else flag, "1")
    assert result.exit_code == 2
    assert RETIRED[flag] in " ".join(result.stderr.split())
    assert RETIRED[flag].endswith(".")


def test_flags_that_are_gone_are_told_all_at_once(run: Run) -> None:
    told = run("--beams", "4", "--nllb-size=1.3B", "--port", "9000", "--vllm-model", "x").stderr
    assert [flag for flag in RETIRED if f"{flag}: {RETIRED[flag]}" in told] == ["--beams"]
    assert "--vllm-model: " in told
    assert "--port:" not in told


@pytest.mark.parametrize(
    ("size", "name"),
    [("600M", "distilled-600M"), ("1.3B", "distilled-1.3B"), ("3.3B", "nllb-200-3.3B")],
)
@pytest.mark.parametrize("form", ["--nllb-size {}", "--nllb-size={}"])
def test_the_translator_of_the_size_that_was_asked_is_named(
    form: str, size: str, name: str, run: Run
) -> None:
    assert f"{name}." in run(*form.format(size).split()).stderr


def test_what_the_migration_page_says_of_whisperlivekit_is_true() -> None:
    """Each option in the left column is accepted, or refused with advice; as the right one says."""
    page = (Path(__file__).parents[2] / "docs" / "migrating.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in page.splitlines() if row.startswith("| `--")]
    living = {f for s in table() for f in (s.flag, *s.option.aliases, *s.option.switches)}
    living |= {f"--no-{s.flag[2:]}" for s in table() if s.default is True}
    named = [(flag, says) for left, says in rows for flag in re.findall(r"`(--[\w-]+)", left)]
    assert len(named) > 40
    for flag, says in named:
        if says.strip().startswith(("the same", "accepted")):
            assert flag in living
        elif flag not in living and not flag.startswith(("--max_", "--enable_")):
            assert advice(flag), flag


def test_no_retired_flag_lives() -> None:
    living = [f for s in table() for f in (s.flag, *s.option.aliases, *s.option.switches)]
    assert [flag for flag in living if advice(flag)] == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--portt", "1"], "No such option"),
        (["--port", "many"], "'many' is not a valid integer"),
        (["--device", "gpu"], "Error: --device gpu: write cuda. Choose one of: auto, cpu, "),
        (["dance"], "No such command 'dance'"),
    ],
)
def test_mistakes_end_with_status_2_and_a_sentence(args: list[str], says: str, run: Run) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


def test_help_groups_settings_and_hides_old_names(run: Run) -> None:
    shown = run("serve", "--help").stdout
    for group in ("Server:", "Model:", "Streaming:", "Audio:"):
        assert f"\n{group}\n" in shown
    assert "--model-path" in shown
    assert "--model_dir" not in shown
    assert "--no-vac" not in shown
    assert "SECONDS" in shown
