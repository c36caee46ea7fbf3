"""``livestt serve`` that collects garbage and gives free memory back when it gets SIGUSR1.

Memory that an allocator keeps for later looks like a leak from outside. For `livestt.bench.soak`:
``python -m livestt.bench.soak_server --port 8000 ...``, options as for ``livestt serve``.
"""

from __future__ import annotations

import ctypes
import gc
import signal
import sys
from contextlib import suppress

from livestt.cli import main


def trim(*_: object) -> None:
    """Give back what can be given back."""
    gc.collect()
    with suppress(OSError, AttributeError):  # only glibc can
        ctypes.CDLL("libc.so.6").malloc_trim(0)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, trim)
    sys.argv[1:1] = ["serve"]
    main()
