"""Silero VAD (MIT, https://github.com/snakers4/silero-vad) on onnxruntime, without torch.

The model file comes with the faster-whisper package, whose code is not imported.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from livestt.engines import Samples
from livestt.errors import SetupError
from livestt.onnx_options import session_options
from livestt.vad import FRAME, Probabilities

_ASSET = "assets/silero_vad_v6.onnx"
_CONTEXT = 64
"""Samples of the previous frame that the model hears again before each frame."""

_STATE = (1, 1, 128)


def find_model() -> Path:
    """Path of the model file.

    Raises:
        SetupError: faster-whisper is not installed, or ships no such file.
    """
    spec = importlib.util.find_spec("faster_whisper")
    for folder in (spec and spec.submodule_search_locations) or []:
        path = Path(folder, _ASSET)
        if path.is_file():
            return path
    raise SetupError(
        f"the speech detector's model ({_ASSET}) was not found:"
        " pip install 'faster-whisper>=1.2.1', or turn speech detection off"
    )


class SileroVad:
    """The model, shared by all sessions: its session may run in several threads at once."""

    def __init__(self, model: Path | None = None) -> None:
        """Load ``model``, by default the one that `find_model` finds.

        Raises:
            SetupError: no model file.
        """
        self._session: Any = onnxruntime.InferenceSession(
            str(model or find_model()), session_options(1), providers=["CPUExecutionProvider"]
        )

    def open(self) -> VadStream:
        """Start the state of one session."""
        return VadStream(self._session)


class VadStream:
    """What the model remembers of one session: its recurrent state and the last 64 samples."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def probabilities(self, samples: Samples) -> Probabilities:
        """For ``[n * 512]`` samples that follow the last ones, ``[n]`` probabilities.

        Blocking, about 2 ms of CPU per second of audio. Many frames in one call give exactly
        what they give one by one, in less time.
        """
        count, rest = divmod(len(samples), FRAME)
        if rest:
            raise ValueError(f"{len(samples)} samples are not whole frames of {FRAME}")
        if not count:
            return np.zeros(0, np.float32)
        heard = np.concatenate([self._context, samples])
        windows = np.lib.stride_tricks.sliding_window_view(heard, _CONTEXT + FRAME)[::FRAME]
        inputs = {"input": np.ascontiguousarray(windows), "h": self._h, "c": self._c}
        speech, self._h, self._c = self._session.run(None, inputs)
        self._context = heard[-_CONTEXT:].copy()
        return np.asarray(speech, np.float32).reshape(count)
