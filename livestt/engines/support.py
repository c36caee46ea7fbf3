"""What an engine cannot do of what the settings ask: refused at the start, with what can."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.engines import Capabilities
from livestt.errors import UnsupportedOption
from livestt.extras import install_command
from livestt.settings import BUILTIN_ENGINES, Settings

_TORCH = f"Use --backend transformers ({install_command('torch')})"
_WHISPER = "leave the option out, or use --backend faster-whisper."


@dataclass(frozen=True, slots=True)
class _Rule:
    """That some of our engines have no use for a setting."""

    setting: str
    engines: tuple[str, ...]
    """Those that honour it; with ``others``, those that do not."""
    advice: str
    others: bool = False

    def forbids(self, engine: str) -> bool:
        return (engine in self.engines) is self.others


_RULES = (
    _Rule("lora_path", ("transformers",), f"{_TORCH}, or merge the adapter into the model."),
    _Rule("assistant_model", ("transformers",), f"{_TORCH}, or leave the option out."),
    _Rule(
        "alignment_heads",
        ("transformers", "mlx-whisper"),
        "A CTranslate2 folder names its heads in config.json, under alignment_heads; or "
        "use --backend transformers.",
    ),
    _Rule("remote_url", ("remote",), "Use --backend remote, or leave the option out."),
    _Rule("chunk_ms", ("transducer",), "Use --min-chunk-size, or --backend transducer."),
    _Rule("model", ("remote",), "Name the other server's with --remote-model.", others=True),
    _Rule("model_path", ("remote",), "Name the other server's with --remote-model.", others=True),
    _Rule("model", ("pocketsphinx",), f"It has a model of its own: {_WHISPER}", others=True),
    _Rule("model_path", ("pocketsphinx",), f"It has a model of its own: {_WHISPER}", others=True),
)
_PROMPTED = tuple(
    _Rule(setting, ("pocketsphinx", "transducer"), f"{_WHISPER.capitalize()}", others=True)
    for setting in ("init_prompt", "hotwords")
)
"""For engines that somebody chose; one that stands in for another does without."""
_NO_METAL = ("faster-whisper", "pocketsphinx")


def check_options(name: str, settings: Settings) -> None:
    """Refuse, before anything is fetched, what only another engine of ours can do.

    Raises:
        UnsupportedOption: naming the setting.
    """
    if name not in BUILTIN_ENGINES:
        return
    for rule in (*_RULES, *(_PROMPTED if settings.backend == name else ())):
        if getattr(settings, rule.setting) and rule.forbids(name):
            raise UnsupportedOption(
                f"--{rule.setting.replace('_', '-')}: the engine {name} has no such option. "
                f"{rule.advice}"
            )
    if settings.device == "mps" and name in _NO_METAL:
        raise UnsupportedOption(
            f"--device mps: the engine {name} does not run on Apple GPUs. Use --backend "
            "mlx-whisper or --backend transformers, or --device cpu, which is fast there too."
        )


def check_support(capabilities: Capabilities, settings: Settings) -> None:
    """Refuse settings that an engine cannot honour, and say what to use instead.

    Raises:
        UnsupportedOption: naming the setting.
    """
    name = f"{capabilities.name} ({capabilities.model})"
    policy = settings.backend_policy
    if policy != "auto" and capabilities.streaming == "native":
        raise UnsupportedOption(
            f"--backend-policy {policy}: {name} decides itself when a word is final. Leave the "
            "option out, or use --backend faster-whisper."
        )
    if policy == "alignatt" and not capabilities.attends:
        raise UnsupportedOption(
            f"--backend-policy alignatt: {name} does not tell where in the audio it listens. Use "
            "--backend-policy localagreement."
        )
    if settings.task == "translate" and not capabilities.translates:
        raise UnsupportedOption(
            f"--task translate: {name} cannot translate. Use a multilingual Whisper model such "
            "as --model medium or --model large-v3; turbo, distil and .en models cannot."
        )
    _check_language(capabilities, settings.language, name)


def _check_language(capabilities: Capabilities, language: str, name: str) -> None:
    if language == "auto" or language in capabilities.languages:
        return
    known = ", ".join(sorted(capabilities.languages))
    hint = " Use a multilingual Whisper model such as --model base." if known == "en" else ""
    raise UnsupportedOption(f"--language {language}: {name} knows only: {known}.{hint}")
