"""How onnxruntime runs any graph here: as a guest among other models that also want the cores."""

from __future__ import annotations

from typing import Any


def session_options(threads: int) -> Any:
    """``onnxruntime.SessionOptions`` for graphs whose inputs have a new shape at every call.

    By default a session remembers a plan of its memory for each shape that it ever saw, for ever:
    51 kB for one of a Sortformer of full size, of which there are thousands. Without plans it
    takes the same time. Its arena stays: it keeps what the largest batch needed, but without it
    four sessions of that Sortformer took a third more CPU, to get the same memory again and again.

    Args:
        threads: CPU threads; 0 lets onnxruntime choose.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False
    # A waiting thread that spins would take the cores that the recogniser needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
