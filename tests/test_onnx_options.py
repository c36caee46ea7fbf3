"""What a graph leaves behind in memory."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livestt.speakers import onnx_graph

HEAD = Path(__file__).parent / "fixtures/diarizers/sortformer/head.onnx"
SIZE = 64


class Mallinfo2(ctypes.Structure):
    """What glibc says of its memory."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    ]  # fmt: skip


def in_use() -> int:
    """Bytes that the C library has given out and not got back."""
    try:
        mallinfo = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):
        pytest.skip("only glibc of 2020 and later can say")
    mallinfo.restype = Mallinfo2
    told = mallinfo()
    return int(told.uordblks + told.hblkhd)


def listen(graph: Any, frames: int, sessions: int = 1) -> None:
    heard = np.zeros((sessions, frames, SIZE), np.float32)
    graph.run(None, {"emb": heard, "n": np.full(sessions, frames, np.int64)})


def test_no_shape_is_remembered() -> None:
    graph = onnx_graph.load(HEAD, 1, [onnx_graph.CPU])
    for frames in (100, *range(20, 60)):
        listen(graph, frames)
    before = in_use()
    for frames in range(60, 100):
        listen(graph, frames)
    assert in_use() - before < 60_000  # a plan for each would be 130 kB
