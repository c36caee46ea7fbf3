"""Nemotron-3 diarization by onnxruntime: up to eight speakers, 10 ms frames.

The same streaming Sortformer steps and memory, with another encoder: it looks at no earlier frames
again, has learned what silence looks like, and answers at the rate of its features.
"""

from __future__ import annotations

from typing import ClassVar

from livestt.speakers.sortformer import SortformerDiarizer


class NemotronDiarizer(SortformerDiarizer):
    """Runs a converted Nemotron-3 diarization model. Arguments as for `SortformerDiarizer`."""

    kind: ClassVar[str] = "nemotron"
