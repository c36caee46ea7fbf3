"""What the C library does with memory that the program has freed."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress

KEPT = 8 * 1024 * 1024
"""Bytes that may stay free at the end of each heap. Larger buffers are mapped by themselves, and
given back as soon as they are freed."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_CHOSEN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def limit_free_memory() -> None:
    """Have most of what is freed given back to the system. Call it before there are threads.

    glibc gives threads heaps of their own. By default, freeing one large buffer raises what the end
    of each heap may keep, for good and up to 64 MB (mallopt(3), M_MMAP_THRESHOLD), so a server
    grows for hours, until each of its threads has met its largest batch. Nothing happens with other
    C libraries, or where the environment chooses the thresholds.
    """
    if any(name in os.environ for name in _CHOSEN):
        return
    with suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_TRIM_THRESHOLD, KEPT)
        libc.mallopt(_MMAP_THRESHOLD, KEPT)


def give_back_memory() -> None:
    """What the process has freed goes to the system at once; glibc would keep some of it."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
