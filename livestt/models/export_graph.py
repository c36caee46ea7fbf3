"""One part of a torch model as an ONNX graph, of any batch size and length."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

OPSET = 18


def export(
    module: Any, path: Path, rows: Any, length: int, inputs: tuple[str, str], output: str
) -> None:
    """Write a module that takes rows and their lengths.

    Args:
        module: ``forward(rows, lengths)`` gives one tensor ``[sessions, frames, any]``.
        path: of the ``.onnx`` file.
        rows: an example, float32 ``[2, length, any]``.
        length: of the example; the second row is taken to be a little shorter, so that masking
            is traced.
        inputs: names of the two inputs.
        output: name of the output.
    """
    import torch

    lengths = torch.tensor([length, length - 3])
    free = {0: "sessions", 1: "frames"}
    module.eval()
    with warnings.catch_warnings(), torch.no_grad():
        # The older exporter warns of itself, and of shapes that it traces as constants; here they
        # are free, which `scripts/compare_diarizers.py` proves.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            module,
            (rows, lengths),
            str(path),
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={inputs[0]: free, inputs[1]: {0: "sessions"}, output: free},
            opset_version=OPSET,
            dynamo=False,
        )
