"""How much oneDNN, which computes CTranslate2's convolutions on CPUs, remembers."""

from __future__ import annotations

import os

CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
"""See "Primitive Cache" in oneDNN's developer guide."""
FEW = 16


def remember_few_shapes() -> None:
    """To be called before the first convolution of the process; what the user has set stays.

    oneDNN keeps the code that it has made for a convolution of every shape, up to 1,024 of them.
    For Whisper's two, with the batches and windows of an engine, that was 0.3 to 0.7 MB each, so
    that a server grew for hours. Making one anew takes 3 ms, of steps of 40 ms and more.
    """
    os.environ.setdefault(CAPACITY, str(FEW))
