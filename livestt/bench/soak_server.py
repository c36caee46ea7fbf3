"""``livestt serve`` that collects garbage and gives free memory back when it gets SIGUSR1.

Memory that an allocator keeps for later looks like a leak from outside. For `livestt.bench.soak`:
``python -m livestt.bench.soak_server --port 8000 ...``, options as for ``livestt serve``.
"""

from __future__ import annotations

import signal
import sys

from livestt.allocator import give_back_memory
from livestt.cli import main

if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: give_back_memory())
    sys.argv[1:1] = ["serve"]
    main()
