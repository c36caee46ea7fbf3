"""The features of speaker models: 80 log mel filter energies per frame, as Kaldi computes them.

25 ms every 10 ms on Kaldi's mel scale from 20 Hz to half the sample rate, no dither, whole frames
only, each filter's mean over the audio taken off. WeSpeaker trains on Hamming windows and samples
of 16 bits, 3D-Speaker on Povey windows; once the mean is off, loudness makes no difference.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from livestt.engines import Samples
from livestt.errors import MissingExtra
from livestt.timebase import SAMPLE_RATE

BINS = 80
Window = Literal["hamming", "povey"]
Frames = npt.NDArray[np.float32]
"""Float32 ``[frames, BINS]``."""


class Fbank:
    """Features of whole pieces of audio. Safe to call from several threads.

    Args:
        window: over the samples of a frame.

    Raises:
        MissingExtra: kaldi-native-fbank is not installed.
    """

    def __init__(self, window: Window = "hamming") -> None:
        try:
            import kaldi_native_fbank
        except ImportError as error:
            raise MissingExtra("an ONNX speaker model", "voices") from error
        self._kaldi = kaldi_native_fbank
        options = kaldi_native_fbank.FbankOptions()
        options.frame_opts.dither = 0.0
        options.frame_opts.window_type = window
        options.frame_opts.samp_freq = SAMPLE_RATE
        options.mel_opts.num_bins = BINS
        self._options = options

    def __call__(self, audio: Samples) -> Frames:
        """Features of audio, float32 ``[n]`` at 16 kHz; of less than 25 ms there are none."""
        kaldi = self._kaldi.OnlineFbank(self._options)
        kaldi.accept_waveform(SAMPLE_RATE, (audio * np.float32(32768)).tolist())
        kaldi.input_finished()
        count = kaldi.num_frames_ready
        if not count:
            return np.zeros((0, BINS), np.float32)
        frames = np.stack([kaldi.get_frame(i) for i in range(count)])
        return np.asarray(frames - frames.mean(axis=0), np.float32)
