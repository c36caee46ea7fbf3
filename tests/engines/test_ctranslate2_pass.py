"""Where encoder output is kept, with a stand-in for a GPU."""

from __future__ import annotations

from typing import Any

import ctranslate2
import numpy as np
import pytest

from livestt.engines import EngineSettings
from livestt.engines.ctranslate2_pass import ENCODER_BATCH, Encoded
from livestt.engines.replicas import compute_type, cuda_devices, fastest
from livestt.errors import UnsupportedOption

FEATURES = np.arange(6 * 2 * 3, dtype=np.float32).reshape(6, 2, 3)


class Whisper:
    """Encodes to twice the features, and remembers how it was asked."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.asked: list[tuple[int, bool]] = []

    def encode(self, features: Any, to_cpu: bool = False) -> Any:
        array = np.array(features)
        self.asked.append((len(array), to_cpu))
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(2 * array))


def test_on_a_cpu_in_small_groups() -> None:
    whisper = Whisper("cpu")
    encoded = Encoded(whisper, FEATURES)
    assert whisper.asked == [(ENCODER_BATCH, True), (2, True)]
    assert np.array_equal(np.array(encoded.view), 2 * FEATURES)


def test_on_a_gpu_all_at_once_and_it_stays_there() -> None:
    whisper = Whisper("cuda")
    encoded = Encoded(whisper, FEATURES)
    assert whisper.asked == [(6, False)]
    assert encoded.rows(range(6)) is encoded.view


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_some_rows(device: str) -> None:
    encoded = Encoded(Whisper(device), FEATURES)
    assert np.array_equal(np.array(encoded.rows([4, 1])), 2 * FEATURES[[4, 1]])


@pytest.mark.parametrize(
    ("device", "supported", "expected"),
    [
        ("cuda", {"float32", "float16", "int8_float16"}, "float16"),
        ("cuda", {"float32", "int8_float32"}, "int8_float32"),
        ("cuda", {"float32"}, "float32"),
        ("cpu", {"float32", "int8", "int8_float32"}, "int8"),
        ("cpu", {"float32"}, "float32"),
    ],
)
def test_the_fastest_type(device: str, supported: set[str], expected: str) -> None:
    assert fastest(device, supported) == expected


def test_a_type_that_the_processor_does_not_have() -> None:
    assert compute_type("float32", "cpu") == "float32"
    assert compute_type("auto", "cpu") == "auto"
    with pytest.raises(UnsupportedOption, match=r"on this CPU\. Choose one of: default, float32"):
        compute_type("int8_float16", "cpu")


def test_gpus_are_counted_when_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
    wanted = [cuda_devices(EngineSettings(device=name)) for name in ("auto", "cuda", "cpu")]
    assert wanted == [2, 2, 0]


def test_no_gpu_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    assert cuda_devices(EngineSettings(device="auto")) == 0
    with pytest.raises(UnsupportedOption, match="--device cpu"):
        cuda_devices(EngineSettings(device="cuda"))
