"""What convolutions of many shapes leave behind in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from livestt.onednn_options import CAPACITY

ROLLUP = Path("/proc/self/smaps_rollup")
FOLDER = Path(__file__).parent / "fixtures/whisper-synth"
ENCODE = """
import re, sys
from pathlib import Path
import ctranslate2, numpy as np
from livestt.engines import EngineSettings
from livestt.engines.replicas import Replicas

def anonymous():
    return int(re.search(r"Anonymous: +(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1])

replicas = Replicas(Path(sys.argv[1]), EngineSettings(model=sys.argv[1], threads=1))
whisper = replicas.many

def encode(frames):
    features = np.zeros((1, whisper.n_mels, frames), np.float32)
    whisper.encode(ctranslate2.StorageView.from_array(features), to_cpu=True)

encode(600)
before = anonymous()
for frames in range(200, 600, 4):
    encode(frames)
print(anonymous() - before)
"""


@pytest.mark.skipif(not ROLLUP.exists(), reason="only Linux can say")
def test_few_shapes_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CAPACITY, raising=False)
    few = kilobytes()
    monkeypatch.setenv(CAPACITY, "1024")
    assert few < kilobytes() / 2


def kilobytes() -> int:
    """By which a process grows when it encodes windows of a hundred lengths."""
    command = [sys.executable, "-c", ENCODE, str(FOLDER)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
