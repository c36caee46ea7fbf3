"""Which engine is loaded, what stands in for it, and what is refused."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest
from huggingface_hub import constants

from livestt import plugins
from livestt.engines import Capabilities, EngineSettings, registry
from livestt.engines.registry import EngineInfo, available, load_engine
from livestt.engines.support import check_support
from livestt.errors import BadModel, MissingExtra, ModelUnavailable, SetupError, UnsupportedOption
from livestt.settings import ENGINE_GROUP, Settings
from livestt.settings import model as settings_module

MODEL = Path(__file__).parent.parent / "fixtures" / "whisper-synth"

WHISPER = Capabilities(
    "faster-whisper",
    "base",
    "window",
    languages=frozenset({"en", "fr"}),
    detects_language=True,
    translates=True,
    attends=True,
)
SPHINX = Capabilities("pocketsphinx", "en-us", "native")


class Fake:
    """An engine that needs no weights."""

    found: ClassVar[Capabilities] = SPHINX
    closed: ClassVar[list[str]] = []

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.capabilities = self.found

    def close(self) -> None:
        self.closed.append(self.capabilities.name)


class Weighty(Fake):
    weights: ClassVar[str] = "ctranslate2"
    found = WHISPER


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(Fake, "closed", [])


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, {"faster-whisper": "Weighty", "pocketsphinx": "Fake"})


def offer(monkeypatch: pytest.MonkeyPatch, engines: dict[str, str], missing: str = "") -> None:
    """Make these classes of this module the engines there are."""
    infos = {
        name: EngineInfo(
            name,
            EntryPoint(name, f"{__name__}:{attribute}", ENGINE_GROUP),
            installed=name != missing,
            install=None,
        )
        for name, attribute in engines.items()
    }
    monkeypatch.setattr(registry, "available", lambda: infos)


def test_ours_are_available() -> None:
    found = available()
    assert set(found) >= {"faster-whisper", "pocketsphinx", "scripted"}
    assert found["faster-whisper"].installed
    assert found["scripted"].install is None


def test_what_is_not_installed_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "find_spec", lambda module: None)
    assert available()["pocketsphinx"].install == "./scripts/install embedded"
    with pytest.raises(MissingExtra, match=r"The engine pocketsphinx needs the extra 'embedded'"):
        load_engine(Settings(backend="pocketsphinx"))


@pytest.mark.usefixtures("fakes")
def test_weights_are_resolved_and_named_as_the_user_named_them() -> None:
    said: list[str] = []
    engine: Any = load_engine(Settings(model_path=str(MODEL)), said.append)
    assert engine.settings.model == str(MODEL)
    assert engine.capabilities.model == "whisper-synth"
    assert engine.capabilities.notice is None
    assert said == [f"Loading faster-whisper {MODEL}"]


@pytest.mark.usefixtures("fakes")
def test_auto_falls_back_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        engine = load_engine(Settings())
    assert engine.capabilities.name == "pocketsphinx"
    assert engine.capabilities.notice == (
        "Low-accuracy fallback engine (PocketSphinx, US English only): no Whisper model is "
        "available. Get one with: livestt pull base"
    )
    assert caplog.messages == [engine.capabilities.notice]


@pytest.mark.usefixtures("fakes")
def test_the_start_message_says_the_command_as_it_works_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/livestt"])
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = load_engine(Settings())
    assert caplog.messages[-1].endswith("Get one with: .venv/bin/livestt pull base")
    assert str(engine.capabilities.notice).endswith("Get one with: livestt pull base")

    (tmp_path / "livestt").touch(mode=0o755)
    load_engine(Settings())
    assert caplog.messages[-1].endswith("Get one with: livestt pull base")


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("named", [{"model": "base"}, {"model_path": "org/name"}])
def test_a_model_that_was_named_is_not_replaced(named: dict[str, str]) -> None:
    with pytest.raises(ModelUnavailable) as error:
        load_engine(Settings(**named))  # type: ignore[arg-type]
    assert f"`livestt pull {next(iter(named.values()))}`" in str(error.value)
    assert "Without --model, a small low-accuracy engine" in str(error.value)


@pytest.mark.usefixtures("fakes")
def test_an_explicit_backend_never_falls_back() -> None:
    with pytest.raises(ModelUnavailable, match=r"`livestt pull base`"):
        load_engine(Settings(backend="faster-whisper"))


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("model", ["bas", "./nowhere", str(MODEL / "config.json")])
def test_a_mistake_in_the_model_is_no_reason_to_fall_back(model: str) -> None:
    with pytest.raises(BadModel):
        load_engine(Settings(model=model))


@pytest.mark.usefixtures("fakes")
def test_the_fallback_must_suit_too() -> None:
    with pytest.raises(ModelUnavailable) as error:
        load_engine(Settings(language="fr"))
    assert "livestt pull base" in str(error.value)
    assert str(error.value).endswith("knows only: en.")
    assert Fake.closed == ["pocketsphinx"]


def test_nothing_at_all_names_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = {"faster-whisper": "Weighty", "pocketsphinx": "Fake"}
    offer(monkeypatch, engines, missing="pocketsphinx")
    with pytest.raises(ModelUnavailable) as error:
        load_engine(Settings())
    assert "livestt pull base" in str(error.value)
    assert "./scripts/install embedded" in str(error.value)


@pytest.mark.parametrize("value", ["NoSuchClass", "Fake.nothing"])
def test_a_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    offer(monkeypatch, {"scripted": value})
    with pytest.raises(SetupError, match=r"The engine scripted \(.*\) cannot be imported"):
        load_engine(Settings(backend="scripted"))


def test_a_plug_in_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", f"{__name__}:Fake", ENGINE_GROUP)
    for module in (plugins, settings_module):
        monkeypatch.setattr(module, "entry_points", lambda group: [point])
    assert load_engine(Settings(backend="mine")).capabilities == SPHINX
    with pytest.raises(UnsupportedOption, match="Choose one of: auto, faster-whisper, mine"):
        Settings(backend="yours")


def test_an_engine_that_vanished(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, {"scripted": "Fake"})
    with pytest.raises(UnsupportedOption, match="Installed: scripted"):
        load_engine(Settings(backend="pocketsphinx"))


@pytest.mark.usefixtures("fakes")
def test_a_refused_engine_is_closed() -> None:
    with pytest.raises(UnsupportedOption, match="knows only: en, fr"):
        load_engine(Settings(model_path=str(MODEL), language="de"))
    assert Fake.closed == ["faster-whisper"]


@pytest.mark.parametrize(
    ("capabilities", "wanted", "says"),
    [
        (SPHINX, {"backend_policy": "alignatt"}, "or use --backend faster-whisper"),
        (SPHINX, {"backend_policy": "localagreement"}, "decides itself"),
        (SPHINX, {"task": "translate"}, "such as --model medium"),
        (SPHINX, {"language": "fr"}, "such as --model base"),
        (WHISPER, {"language": "de"}, "knows only: en, fr."),
        (Capabilities("x", "y", "window"), {"backend_policy": "alignatt"}, "localagreement"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_with_advice(
    capabilities: Capabilities, wanted: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnsupportedOption) as refusal:
        check_support(capabilities, Settings(**wanted))
    assert says in str(refusal.value)
    assert str(refusal.value).startswith("--")


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"lora_path": "./lora"}, "Use --backend transformers"),
        ({"assistant_model": "tiny"}, "Use --backend transformers"),
        ({"alignment_heads": "1:0"}, "use --backend transformers"),
        ({"device": "mps"}, "Use --backend mlx-whisper"),
    ],
)
@pytest.mark.parametrize("backend", ["faster-whisper", "pocketsphinx"])
def test_what_only_another_engine_of_ours_can_do(
    backend: str, wanted: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnsupportedOption) as refusal:
        load_engine(Settings(backend=backend, **wanted))
    assert says in str(refusal.value)
    assert str(refusal.value).startswith(f"--{next(iter(wanted)).replace('_', '-')}")


@pytest.mark.parametrize(
    ("backend", "wanted", "says"),
    [
        ("pocketsphinx", {"model": "small"}, "or use --backend faster-whisper"),
        ("pocketsphinx", {"model_path": "./mine"}, "or use --backend faster-whisper"),
        ("pocketsphinx", {"hotwords": "Ada"}, "or use --backend faster-whisper"),
        ("pocketsphinx", {"init_prompt": "Ada said"}, "or use --backend faster-whisper"),
        ("transducer", {"hotwords": "Ada"}, "or use --backend faster-whisper"),
        ("remote", {"model": "small"}, "--remote-model"),
        ("remote", {"model_path": "./mine"}, "--remote-model"),
        ("auto", {"remote_url": "http://gpu:8000/v1"}, "Use --backend remote"),
        ("faster-whisper", {"chunk_ms": 160}, "--backend transducer"),
    ],
)
def test_what_an_engine_has_no_use_for_is_not_ignored(
    backend: str, wanted: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(
        monkeypatch,
        {
            "faster-whisper": "Weighty",
            **dict.fromkeys(("pocketsphinx", "remote", "transducer"), "Fake"),
        },
    )
    with pytest.raises(UnsupportedOption) as refusal:
        load_engine(Settings(backend=backend, **wanted))
    assert says in str(refusal.value)
    assert str(refusal.value).startswith(f"--{next(iter(wanted)).replace('_', '-')}: ")


@pytest.mark.usefixtures("fakes")
def test_an_engine_that_stands_in_does_without_prompts() -> None:
    assert load_engine(Settings(init_prompt="Ada said", hotwords="Ada")).capabilities.notice


def test_what_an_engine_can_do_is_not_refused() -> None:
    check_support(WHISPER, Settings(backend_policy="alignatt", task="translate", language="fr"))
    check_support(WHISPER, Settings(backend_policy="localagreement"))
    check_support(SPHINX, Settings(language="en"))


def test_turbo_does_not_translate() -> None:
    named = registry._named(WHISPER, "turbo")
    assert (named.model, named.translates) == ("large-v3-turbo", False)
    assert registry._named(WHISPER, "large-v3").translates


def test_the_real_engine_on_a_real_model() -> None:
    engine = load_engine(Settings(model_path=str(MODEL), device="cpu"), lambda sentence: None)
    try:
        assert engine.capabilities.name == "faster-whisper"
        assert engine.capabilities.attends
    finally:
        engine.close()
