"""A child process for untrusted input: it sees no secrets and can do little.

No variable of the server's environment reaches it (some hold keys), it can write no file, and it
cannot take more memory or open more files than decoding needs. The limits need Linux; elsewhere the
child is only a process of its own.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

INHERITED = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
"""Variables that a program may need to start at all."""
LIMITS = {"RLIMIT_DATA": 1 << 30, "RLIMIT_FSIZE": 0, "RLIMIT_NOFILE": 64, "RLIMIT_CORE": 0}
"""Bytes of memory, bytes of a file it writes, files, bytes of a core dump."""


def spawn(command: list[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a program.

    Args:
        command: the program and its arguments.
        streams: as `subprocess.Popen` takes them.

    Raises:
        OSError: it cannot be started.
    """
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    child = subprocess.Popen(command, env=environment, **streams)
    _limit(child.pid)
    return child


def _limit(pid: int) -> None:
    import resource

    prlimit = getattr(resource, "prlimit", None)
    if prlimit is None:
        return
    for name, most in LIMITS.items():
        try:
            prlimit(pid, getattr(resource, name), (most, most))
        except ProcessLookupError:
            return  # it has ended already
