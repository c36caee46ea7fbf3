"""How a CTranslate2 model uses the cores of a CPU.

More threads make one job faster and waste work on waiting for each other: a lone job on two
threads takes two thirds of the time and up to twice the CPU. So there are two views of a model
that is small enough to be in memory twice: *many*, a worker per core with one thread each, for
throughput; and *wide*, one worker with all cores, for a lone job that takes long enough for
anybody to notice. On a GPU, and on a single core, both are the same.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ctranslate2

from livestt.engines import EngineSettings
from livestt.errors import EngineError, UnsupportedOption
from livestt.onednn_options import remember_few_shapes

log = logging.getLogger(__name__)

TWICE_BYTES = 600 << 20
"""Largest ``model.bin`` that is worth being in memory twice."""
NOTICEABLE = 0.06
"""Seconds of a lone job from which more threads are worth their waste."""
SMOOTHING = 0.2


class Replicas:
    """The views of one model. Thread-safe.

    Attributes:
        many: the view with a worker per core.
        parallel: how many jobs may run at the same time.

    Raises:
        UnsupportedOption: there is no such device, or it has no such compute type.
        EngineError: the folder or device cannot be used.
    """

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        cuda = cuda_devices(settings) > 0
        cores = 1 if cuda else settings.threads or usable_cores()
        device = "cuda" if cuda else "cpu"
        self._how = {
            "device": device,
            "device_index": settings.device_index,
            "compute_type": compute_type(settings.compute_type, device),
        }
        self.parallel = cores
        remember_few_shapes()
        self.many = self._load(folder, inter_threads=cores, intra_threads=1)
        twice = cores > 1 and (folder / "model.bin").stat().st_size <= TWICE_BYTES
        self._wide = self._load(folder, inter_threads=1, intra_threads=cores) if twice else None
        self._lock = threading.Lock()
        self._running = 0
        self._lone_seconds = 0.0

    @contextmanager
    def lend(self, jobs: int) -> Iterator[Any]:
        """The view to run this many jobs on.

        Yields:
            A ``ctranslate2.models.Whisper``.
        """
        with self._lock:
            alone = self._running == 0 and jobs == 1
            self._running += 1
        wide = alone and self._wide is not None and self._lone_seconds > NOTICEABLE
        begin = time.monotonic()
        try:
            yield self._wide if wide else self.many
        finally:
            with self._lock:
                self._running -= 1
                if alone and not wide:
                    taken = time.monotonic() - begin
                    self._lone_seconds += (taken - self._lone_seconds) * SMOOTHING

    def close(self) -> None:
        for view in (self.many, self._wide):
            if view is not None:
                view.unload_model()

    def _load(self, folder: Path, **threads: int) -> Any:
        try:
            return ctranslate2.models.Whisper(str(folder), **self._how, **threads)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"cannot load the model in {folder}: {error}") from error


def cuda_devices(settings: EngineSettings) -> int:
    """GPUs that these settings ask for; 0 for a CPU.

    Raises:
        UnsupportedOption: a GPU is asked for and there is none.
    """
    if settings.device not in ("cuda", "auto"):
        return 0
    count = int(ctranslate2.get_cuda_device_count())
    if not count and settings.device == "cuda":
        raise UnsupportedOption(
            "--device cuda: CTranslate2 sees no NVIDIA GPU here. Use --device cpu, or install the "
            "driver and the CUDA 12 libraries (cuBLAS and cuDNN 9)."
        )
    return count


def compute_type(wanted: str, device: str) -> str:
    """What CTranslate2 is told.

    Raises:
        UnsupportedOption: it does not compute in this type on the device.
    """
    supported = ctranslate2.get_supported_compute_types(device)
    if wanted == "default":
        return fastest(device, supported)
    if wanted != "auto" and wanted not in supported:
        raise UnsupportedOption(
            f"--compute-type {wanted}: CTranslate2 does not have it on this "
            f"{'GPU' if device == 'cuda' else 'CPU'}. Choose one of: default, "
            f"{', '.join(sorted(supported))}."
        )
    return wanted


def fastest(device: str, supported: Collection[str]) -> str:
    """The compute type to use unless the user names one."""
    wanted = ("float16", "int8_float16", "int8_float32") if device == "cuda" else ("int8",)
    return next((name for name in wanted if name in supported), "float32")


def usable_cores() -> int:
    """Cores this process may run on; of the whole machine where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
