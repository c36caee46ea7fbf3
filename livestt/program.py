"""How the ``livestt`` command is called where this process was started."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def command() -> str:
    """``livestt``, or its path (``.venv/bin/livestt``) where no shell would find it by its name."""
    started = sys.argv[0]
    if Path(started).name != "livestt" or shutil.which("livestt"):
        return "livestt"
    return started
