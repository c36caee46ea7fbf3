"""Wrong settings are reported before a model is loaded in vain.

Nothing here takes long or leaves anything behind but the folder of recordings, and only models of
`--file-model` that are not here reach for the network.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from livestt.cli.neighbour import livestt_at
from livestt.errors import ModelUnavailable, SetupError, UnsupportedOption
from livestt.settings import Settings


def check_addresses(settings: Settings) -> None:
    """Refuse addresses that cannot be listened on.

    Raises:
        SetupError: saying why.
    """
    try:
        check_port(settings)
    except SetupError as error:
        running = livestt_at(settings.host, settings.port)
        if running is None:
            raise
        raise SetupError(
            f"{running} runs on {settings.host} port {settings.port} already. For a second one, "
            "choose another with --port."
        ) from error
    if settings.wyoming_port is None:
        return
    if settings.wyoming_port == settings.port != 0:
        raise UnsupportedOption(f"--port and --wyoming-port are both {settings.port}.")
    _listen(settings.wyoming_host, settings.wyoming_port, "wyoming-")


def check_port(settings: Settings) -> None:
    """Refuse an address for HTTP that cannot be listened on.

    Raises:
        SetupError: saying why.
    """
    _listen(settings.host, settings.port)


def _listen(host: str, port: int, kind: str = "") -> None:
    try:
        family, type_, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with closing(socket.socket(family, type_, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise SetupError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. Choose another with "
            f"--{kind}port, or another address with --{kind}host."
        ) from error


def check_certificate(settings: Settings) -> None:
    """Refuse files that hold no certificate with its key.

    Raises:
        SetupError: naming the file.
    """
    certificate, key = settings.ssl_certfile, settings.ssl_keyfile
    for path in (certificate, key):
        if path and not Path(path).is_file():
            raise SetupError(f"There is no file {path}.")
    if certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:  # of which ssl.SSLError is one
        reason = getattr(error, "reason", None) or error.strerror or error
        raise SetupError(
            f"The certificate {certificate} with the key {key or 'in the same file'} cannot be "
            f"used: {reason}. Both are in PEM format, and the key has no passphrase."
        ) from error


def check_parts(settings: Settings) -> None:
    """Refuse parts of a server that lack something, or cannot go together.

    Raises:
        SetupError: saying what to do.
    """
    if settings.store == "none":
        if settings.record_dir is not None:
            raise UnsupportedOption("--record-dir needs a store: leave out --no-store.")
        if settings.voices:
            raise UnsupportedOption(
                "--voices keeps voice profiles in the store: leave out --no-store."
            )
    _check_server(settings)
    _check_models(settings)


def _check_server(settings: Settings) -> None:
    from livestt.server.access.keyring import configured

    configured(settings)
    if settings.tracing:
        from livestt.server.operations.tracing import Tracing

        Tracing.from_environment().close()
    if settings.decoder == "ffmpeg":
        from livestt.audio.ffmpeg import FfmpegBackend

        FfmpegBackend()
    if settings.record_dir is not None:
        from livestt.server.storing.recordings import make_folder

        make_folder(Path(settings.record_dir))


def _check_models(settings: Settings) -> None:
    from livestt.engines.registry import check_engine
    from livestt.speakers.embedder_registry import check_embedder
    from livestt.speakers.registry import check_diarizers
    from livestt.vad.silero import find_model

    if settings.vad:
        find_model()
    check_embedder(settings)
    if settings.diarization:
        check_diarizers(settings)
    check_engine(settings)
    for model in settings.file_model:
        check_file_model(settings, model)


def check_file_model(settings: Settings, model: str) -> None:
    """Refuse a model of ``--file-model`` that no request could have.

    Raises:
        SetupError: saying what to do.
    """
    from livestt.engines.registry import check_engine, check_obtainable

    wanted = replace(settings, model=model, model_path=None)
    try:
        check_engine(wanted)
        check_obtainable(wanted)
    except ModelUnavailable as error:
        raise ModelUnavailable(
            f"--file-model {model}: {str(error).removesuffix('.')}, or leave --file-model "
            f"{model} out."
        ) from error
    except SetupError as error:
        raise UnsupportedOption(f"--file-model {model}: {error}") from error
