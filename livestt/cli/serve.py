"""``livestt serve``: the server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestt.cli.base import Command, announce
from livestt.cli.options import EVERYTHING, with_settings
from livestt.cli.preflight import check_addresses, check_certificate, check_parts
from livestt.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

log = logging.getLogger(__name__)


@click.command("serve", cls=Command)
@with_settings(EVERYTHING)
def command(settings: Settings) -> None:
    """Start the server: a web page, a WebSocket at /asr and REST routes.

    \b
    livestt serve --model small --language en
    livestt serve --host 0.0.0.0 --ssl-certfile cert.pem --ssl-keyfile key.pem
    LIVESTT_MODEL=large-v3-turbo LIVESTT_DEVICE=cuda livestt serve

    Every option is also a variable: --max-sessions is LIVESTT_MAX_SESSIONS.
    """
    start(settings)


def start(settings: Settings) -> None:
    """Load the engine and serve until stopped."""
    say = log.info if settings.log_format == "json" else announce  # machines read every line
    check_addresses(settings)
    check_certificate(settings)
    if settings.ssl_self_signed:
        settings = with_certificate(settings, say)
    from livestt.server.run import serve

    serve(assemble(settings, say), settings)


def assemble(settings: Settings, announce: Callable[[str], None]) -> Starlette:
    """The server as an ASGI application, its store opened and its models loaded.

    Args:
        settings: the operator's.
        announce: told, in a sentence, what is about to take long.

    Raises:
        SetupError: something that it needs is missing; says what to do.
    """
    from livestt.resident import load_models, resident
    from livestt.server.app import create_app
    from livestt.store import open_store
    from livestt.translation.registry import load_translator

    check_parts(settings)
    store = open_store(settings)
    translator = load_translator(settings, announce)
    models = load_models(settings, announce)
    if settings.model_idle_seconds or not settings.preload:
        models = resident(models, settings)
    return create_app(
        models.engine,
        settings,
        diarizer=models.diarizer,
        file_diarizer=models.file_diarizer,
        store=store,
        embedder=models.embedder,
        translator=translator,
    )


def with_certificate(settings: Settings, say: Callable[[str], None]) -> Settings:
    """The settings with a certificate of this machine's own making.

    Args:
        settings: the operator's.
        say: told where it is, and its fingerprint.

    Raises:
        MissingExtra: it takes a library that is not installed.
        SetupError: it cannot be stored.
    """
    from livestt.server.access.self_signed import certificate

    pair = certificate(Path(click.get_app_dir("livestt")) / "tls", settings.host)
    say(f"TLS certificate {pair.certificate}, SHA-256 {pair.fingerprint}")
    return replace(
        settings,
        ssl_self_signed=False,
        ssl_certfile=str(pair.certificate),
        ssl_keyfile=str(pair.key),
    )
