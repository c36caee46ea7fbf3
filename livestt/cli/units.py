"""Numbers formatted for people."""

from __future__ import annotations


def size(count: float) -> str:
    """Bytes as ``148 MB``; decimal units, as disks and downloads are sold."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
