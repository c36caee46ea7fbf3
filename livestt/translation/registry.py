"""Which translators there are, and how one is loaded.

Translators are entry points of the group ``livestt.translators``; each is imported only when it is
used. A translator class takes one `TranslatorSettings`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livestt import plugins
from livestt.errors import UnsupportedOption
from livestt.settings import Settings
from livestt.settings.translation import BUILTIN_TRANSLATORS, TRANSLATOR_GROUP
from livestt.translation import Translator
from livestt.translation.codes import find


def load_translator(
    settings: Settings, say: Callable[[str], None] = lambda _: None
) -> Translator | None:
    """Load the translator that the settings ask for; None if nothing is to be translated.

    Blocking, and may download.

    Args:
        settings: the operator's.
        say: told, in a sentence, what is about to take long.

    Raises:
        SetupError: it cannot be loaded, there is none of that name, or it does not know the
            language.
    """
    factory, target = _factory(settings), settings.target_language
    if factory is None:
        return None
    wanted = settings.translator_settings(
        settings.threads, settings.device, settings.compute_type, settings.model_cache_dir
    )
    if settings.translator == "ctranslate2":
        say(
            f"Loading the translator {wanted.model}, which takes a while if it has to be downloaded"
        )
    translator: Translator = factory(wanted)
    if target and find(target, translator.capabilities.languages) is None:
        able, known = translator.capabilities, sorted(translator.capabilities.languages)
        translator.close()
        raise UnsupportedOption(
            f"--target-language {target}: {able.model} translates between {', '.join(known)}."
        )
    return translator


def check_translator(settings: Settings) -> None:
    """Refuse a translator that is not installed, without loading or fetching a model.

    Raises:
        SetupError: `load_translator` would fail too.
    """
    _factory(settings)


def _factory(settings: Settings) -> Any:
    """What makes the translator; None if there is to be none."""
    name, target = settings.translator, settings.target_language
    if name == "none":
        if target:
            raise UnsupportedOption(
                f"--target-language {target} needs something that translates; leave out "
                "--translation-backend none."
            )
        return None
    points = plugins.installed(TRANSLATOR_GROUP, BUILTIN_TRANSLATORS)
    point = points.get(name)
    if point is None:
        raise UnsupportedOption(f"--translation-backend {name}: installed are {', '.join(points)}.")
    return plugins.load(point, "translator")
