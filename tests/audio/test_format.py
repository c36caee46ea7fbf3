from __future__ import annotations

from typing import Any

import pytest

from livestt.audio import AudioFormat, open_decoder
from livestt.errors import BadRequest


def test_default_is_detection_by_content():
    assert AudioFormat() == AudioFormat("auto", 16_000, 1)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"encoding": "opus"}, "s16le"),
        ({"sample_rate": 3_999}, "4000"),
        ({"sample_rate": 192_001}, "192000"),
        ({"channels": 0}, "1 to 8"),
        ({"channels": 9}, "1 to 8"),
    ],
)
def test_refusals_say_what_is_accepted(values: dict[str, Any], named: str):
    with pytest.raises(BadRequest, match=named):
        AudioFormat(**values)


@pytest.mark.parametrize("encoding", ["auto", "s16le", "f32le", "mulaw", "alaw"])
def test_every_encoding_opens_and_closes_twice(encoding: Any):
    decoder = open_decoder(AudioFormat(encoding))
    decoder.close()
    decoder.close()
