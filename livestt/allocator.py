"""Which allocator the process has, and what becomes of memory that the program has freed.

livestt runs best on jemalloc (``docs/operations.md``, "Memory"), which has to be there when the
process starts: the image, the systemd unit and ``scripts/run`` set `ENVIRONMENT`.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

ENVIRONMENT = {
    "LD_PRELOAD": "libjemalloc.so.2",
    "MALLOC_CONF": "background_thread:true,oversize_threshold:0",
}
"""jemalloc gives freed memory back in time, in a thread of its own. Buffers over 8 MB, which every
batch of an engine has, are kept for reuse like others; by default they go back at once."""
ALL_ARENAS = 4096
"""``MALLCTL_ARENAS_ALL`` of jemalloc (its manual, "arena.<i>.purge")."""


def give_back_memory() -> None:
    """What the process has freed goes to the system at once; an allocator would keep some of it."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    jemalloc = _jemalloc()
    if jemalloc is not None:
        jemalloc.mallctl(b"thread.tcache.flush", None, None, None, ctypes.c_size_t(0))
        jemalloc.mallctl(b"arena.%d.purge" % ALL_ARENAS, None, None, None, ctypes.c_size_t(0))


def name() -> str:
    """Whose ``malloc`` this process has: ``jemalloc``, or ``system`` for any other."""
    return "system" if _jemalloc() is None else "jemalloc"


def keeps_large_buffers() -> bool:
    """Whether jemalloc was told to keep them; True without jemalloc, where the system decides."""
    jemalloc = _jemalloc()
    if jemalloc is None:
        return True
    threshold, size = ctypes.c_size_t(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_size_t))
    told = ctypes.byref(threshold), ctypes.byref(size)
    jemalloc.mallctl(b"opt.oversize_threshold", *told, None, ctypes.c_size_t(0))
    return threshold.value == 0


def _jemalloc() -> ctypes.CDLL | None:
    """The process's own functions, if jemalloc's are among them."""
    with suppress(OSError, TypeError):
        process = ctypes.CDLL(None)
        if hasattr(process, "mallctl"):
            return process
    return None
