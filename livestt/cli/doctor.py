"""The checks behind ``livestt check``. Each is a function from settings to findings."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from livestt import __version__, allocator
from livestt.cli.doctor_parts import file_models, keys, speakers, store, translation, voices
from livestt.cli.finding import Finding
from livestt.errors import LivesttError
from livestt.extras import IN_CHECKOUT, install_command
from livestt.settings import Settings

# fmt: off
PACKAGES = (
    "av", "ctranslate2", "faster-whisper", "huggingface-hub", "numpy",
    "onnxruntime", "soxr", "starlette", "uvicorn", "websockets",
)
# fmt: on
"""What livestt itself cannot run without."""

OLDEST_PYTHON = (3, 11)
FOR_MACS = ("mlx-whisper",)
"""Engines that nobody misses on other systems."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Run every examination, in the order in which a start would fail."""
    for look in EXAMINATIONS:
        yield from look(settings)


def python(_: Settings) -> Iterator[Finding]:
    level: Literal["ok", "fail"] = "ok" if sys.version_info >= OLDEST_PYTHON else "fail"
    advice = "" if level == "ok" else "livestt needs Python 3.11 or newer."
    says = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding(level, "Python", says, advice)
    yield Finding("ok", "livestt", __version__)


def packages(_: Settings) -> Iterator[Finding]:
    found = {name: _version(name) for name in PACKAGES}
    missing = [name for name, number in found.items() if number is None]
    if missing:
        install = f"pip install {' '.join(missing)}"
        yield Finding("fail", "Packages", f"missing: {', '.join(missing)}", install)
    else:
        listed = ", ".join(f"{name} {number}" for name, number in found.items())
        yield Finding("ok", "Packages", listed)


def memory(_: Settings) -> Iterator[Finding]:
    """The allocator, where there is a choice."""
    variables = " ".join(f"{name}={value}" for name, value in allocator.ENVIRONMENT.items())
    if allocator.name() == "jemalloc":
        if allocator.keeps_large_buffers():
            yield Finding("ok", "Allocator", "jemalloc")
            return
        says = "jemalloc, but it gives large buffers back after each use"
        yield Finding("warn", "Allocator", says, f"Start livestt with {variables}")
    elif platform.system() == "Linux":
        script = "./scripts/run, or with " if IN_CHECKOUT else ""
        start = f"livestt with {script}{variables}"
        there = find_library("jemalloc") is not None
        advice = f"Start {start}" if there else f"apt install libjemalloc2, then start {start}"
        says = "the system's; with jemalloc livestt needs less memory"
        yield Finding("warn", "Allocator", says, advice)


def devices(settings: Settings) -> Iterator[Finding]:
    try:
        import ctranslate2
    except ImportError as error:
        yield Finding(
            "fail", "CTranslate2", str(error), "pip install --force-reinstall ctranslate2"
        )
        return
    count = ctranslate2.get_cuda_device_count()
    device = "cuda" if settings.device == "cuda" or (settings.device == "auto" and count) else "cpu"
    if device == "cuda" and not count:
        advice = "Use --device cpu, or install the NVIDIA driver and CUDA libraries."
        yield Finding("fail", "Device", "no CUDA GPU that CTranslate2 can use", advice)
        return
    types = sorted(ctranslate2.get_supported_compute_types(device))
    name = f"{count} CUDA GPU(s)" if device == "cuda" else "CPU"
    yield Finding("ok", "Device", f"{name}; compute types: {', '.join(types)}")
    if settings.compute_type not in ("default", "auto", *types):
        advice = f"Use one of: {', '.join(types)}, or leave --compute-type out."
        says = f"{settings.compute_type} does not run on {device}"
        yield Finding("fail", "Compute type", says, advice)


def voice_detection(settings: Settings) -> Iterator[Finding]:
    if not settings.vad:
        return
    from livestt.vad.silero import SileroVad

    try:
        SileroVad()
    except LivesttError as error:
        yield Finding("fail", "Voice detection", str(error))
    else:
        yield Finding("ok", "Voice detection", "the Silero model is installed and loads")


def engines(settings: Settings) -> Iterator[Finding]:
    from livestt.engines.registry import available

    for info in available().values():
        says = f"{info.name} is not installed"
        if info.installed:
            yield Finding("ok", "Engine", info.name)
        elif settings.backend == info.name:
            yield Finding("fail", "Engine", says, info.install or "")
        elif info.name not in FOR_MACS or platform.system() == "Darwin":
            yield Finding("warn", "Engine", says, info.install or "")


def model(settings: Settings) -> Iterator[Finding]:
    """The model that would be loaded, and the hub where it may have to come from."""
    from livestt.engines.registry import DEFAULT
    from livestt.engines.support import check_options
    from livestt.models import fetch, hub

    engine = DEFAULT if settings.backend == "auto" else settings.backend
    name = settings.model_path or settings.model
    try:
        check_options(engine, settings)
        if engine == "remote" and not settings.remote_url:
            yield Finding("fail", "Model", "on another server, but on which?", "Give --remote-url.")
        if engine not in fetch.ENGINES:
            return
        reason = hub.unreachable()
        if reason is None:
            yield Finding("ok", "Hub", "reachable")
        else:
            yield Finding("warn", "Hub", reason, "Only models that are here already can be used.")
        folder = fetch.here(engine, name, settings.model_cache_dir)
        if folder is None:
            yield _absent(settings, engine, reachable=reason is None)
        elif engine == DEFAULT:
            yield _present(settings, settings.wanted_model, folder)
        else:
            yield Finding("ok", "Model", f"{name or folder.name} is in {folder}")
    except LivesttError as error:
        yield Finding("fail", "Model", str(error))


def _present(settings: Settings, name: str, folder: Path) -> Finding:
    from livestt.models import locate
    from livestt.models.folder import check

    if check(folder) == "ctranslate2" or locate.ready(name, settings.model_cache_dir):
        return Finding("ok", "Model", f"{name} is in {folder}")
    advice = f"livestt pull {name} converts it; that needs {install_command('torch')}"
    return Finding("warn", "Model", f"{name} is installed in Hugging Face format", advice)


def _absent(settings: Settings, engine: str, *, reachable: bool) -> Finding:
    from livestt.engines.registry import DEFAULT, FALLBACK, available
    from livestt.models.fetch import usual

    name = settings.model_path or settings.model or usual(engine)
    command = f"livestt pull {name if engine == DEFAULT else f'{engine}:{name}'}"
    if reachable:
        return Finding("warn", "Model", f"{name} is not installed yet", command)
    if settings.backend == "auto" and not settings.names_model and available()[FALLBACK].installed:
        says = f"{name} is not installed; the low-accuracy engine {FALLBACK} will stand in"
        return Finding("warn", "Model", says, f"{command}, once the hub is reachable")
    advice = "Bring a model folder and name it with --model-path"
    if settings.backend == "auto" and not settings.names_model:
        advice += f", or: {install_command('embedded')}"
    return Finding("fail", "Model", f"{name} is not installed", advice)


def ffmpeg(settings: Settings) -> Iterator[Finding]:
    path = shutil.which("ffmpeg")
    if path:
        yield Finding("ok", "ffmpeg program", path)
    elif settings.decoder == "ffmpeg":
        yield Finding("fail", "ffmpeg program", "not found", "Install it, or use --decoder pyav.")
    else:
        yield Finding("ok", "ffmpeg program", "not found; only --decoder ffmpeg needs it")


def port(settings: Settings) -> Iterator[Finding]:
    from livestt.cli.neighbour import livestt_at
    from livestt.cli.preflight import check_port

    try:
        check_port(settings)
    except LivesttError as error:
        running = livestt_at(settings.host, settings.port)
        if running is None:
            yield Finding("fail", "Port", str(error))
            return
        says = f"{running} runs on {settings.host} port {settings.port} already"
        yield Finding("warn", "Port", says, "For a second one, choose another with --port.")
    else:
        yield Finding("ok", "Port", f"{settings.host} port {settings.port} is free")


def disk(settings: Settings) -> Iterator[Finding]:
    from huggingface_hub import constants

    from livestt.cli.units import size

    wanted = Path(settings.model_cache_dir or constants.HF_HUB_CACHE).expanduser()
    there = next(path for path in (wanted, *wanted.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    level: Literal["ok", "warn"] = "ok" if free > 5e9 else "warn"
    advice = (
        "" if level == "ok" else "Large models need up to 3.1 GB; --model-cache-dir moves them."
    )
    yield Finding(level, "Model cache", f"{wanted}, {size(free)} free", advice)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


EXAMINATIONS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    python,
    packages,
    memory,
    devices,
    voice_detection,
    engines,
    model,
    file_models,
    speakers,
    voices,
    translation,
    store,
    disk,
    ffmpeg,
    keys,
    port,
)
