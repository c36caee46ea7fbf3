"""Loading ONNX graphs: threads, devices and what can go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from livestt.errors import BadModel, UnsupportedOption
from livestt.onnx_options import session_options

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"


def providers(device: str) -> list[str]:
    """What runs the graphs: the GPU if there is one and ``device`` allows it.

    Raises:
        UnsupportedOption: ``cuda`` is asked for and the installed onnxruntime has none.
    """
    import onnxruntime

    there = onnxruntime.get_available_providers()
    if device == "cuda" and CUDA not in there:
        raise UnsupportedOption(
            "--device cuda: the installed onnxruntime runs on CPUs only. For a GPU: pip install "
            "onnxruntime-gpu in its place."
        )
    return [CUDA, CPU] if device in ("auto", "cuda") and CUDA in there else [CPU]


def device(chosen: list[str]) -> str:
    return "cuda" if CUDA in chosen else "cpu"


def load(path: Path, threads: int, chosen: list[str]) -> Any:
    """Load a graph.

    Args:
        path: of the ``.onnx`` file.
        threads: CPU threads; 0 lets onnxruntime choose.
        chosen: as `providers` returns it.

    Raises:
        BadModel: it is not a graph that can be run.
    """
    import onnxruntime

    options = session_options(threads)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=chosen)
    except errors() as error:
        raise BadModel(f"{path} cannot be loaded: {error}") from error


def errors() -> tuple[type[Exception], ...]:
    """onnxruntime's own exceptions have no common base."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [e for e in vars(state).values() if isinstance(e, type) and issubclass(e, Exception)]
    return (RuntimeError, ValueError, OSError, *own)
