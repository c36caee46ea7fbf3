"""A finished transcript as one answer."""

from __future__ import annotations

from typing import Any

import pytest

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.errors import BadRequest
from livestt.events import Word
from livestt.protocols.deepgram.prerecorded import FileRequest, HeardChannel, answer, parse_file

from .tools import ABOUT, ENGINE, words


def request(*pairs: tuple[str, str], **query: Any) -> FileRequest:
    named = [(name, str(value).lower()) for name, value in query.items()]
    return parse_file([*named, *pairs], ENGINE, StreamOptions())


def answered(asked: FileRequest, *channels: HeardChannel) -> dict[str, Any]:
    return answer(asked, ABOUT, channels, sha256="00", created="2026-01-01T00:00:00.000Z",
                  duration=9.0)  # fmt: skip


SAID = (*words("Hello there. I am here."), *words("Good bye.", 8))


def test_the_least() -> None:
    body = answered(request(), HeardChannel(SAID))
    assert list(body) == ["metadata", "results"]
    assert body["metadata"]["channels"] == 1
    assert list(body["results"]) == ["channels"]
    [channel] = body["results"]["channels"]
    assert list(channel) == ["alternatives"]
    [alternative] = channel["alternatives"]
    assert alternative["transcript"] == "hello there i am here good bye"
    assert len(alternative["words"]) == 7


def test_nothing_said() -> None:
    body = answered(request(utterances=True, paragraphs=True), HeardChannel(()))
    [alternative] = body["results"]["channels"][0]["alternatives"]
    assert (alternative["transcript"], alternative["words"]) == ("", [])
    assert body["results"]["utterances"] == []


def test_utterances_end_at_pauses() -> None:
    body = answered(request(utterances=True, punctuate=True), HeardChannel(SAID))
    told = body["results"]["utterances"]
    assert [(u["transcript"], u["start"]) for u in told] == [
        ("Hello there. I am here.", 0.0),
        ("Good bye.", 8.0),
    ]
    assert len({u["id"] for u in told}) == 2


def test_the_pause_is_chosen() -> None:
    body = answered(request(utterances=True, utt_split=20), HeardChannel(SAID))
    assert len(body["results"]["utterances"]) == 1


def test_utterances_of_all_channels_are_in_order_of_time() -> None:
    asked = request(utterances=True, multichannel=True)
    body = answered(asked, HeardChannel(SAID), HeardChannel(words("Yes?", 5)))
    assert [u["channel"] for u in body["results"]["utterances"]] == [0, 1, 0]


@pytest.mark.parametrize("name", ["paragraphs", "smart_format"])
def test_paragraphs(name: str) -> None:
    body = answered(request(**{name: True}), HeardChannel(SAID))
    told = body["results"]["channels"][0]["alternatives"][0]["paragraphs"]
    assert told["transcript"] == "\nHello there. I am here.\n\nGood bye."
    assert [s["text"] for s in told["paragraphs"][0]["sentences"]] == ["Hello there.", "I am here."]
    assert told["paragraphs"][0]["num_words"] == 5


def test_paragraphs_of_speakers() -> None:
    said = [Word(" Hi.", 0, 9, speaker=1), Word(" Ho.", 9, 20, speaker=2)]
    body = answered(request(paragraphs=True, diarize=True, utterances=True), HeardChannel(said))
    told = body["results"]["channels"][0]["alternatives"][0]["paragraphs"]
    assert told["transcript"] == "\nSpeaker 0: Hi.\n\nSpeaker 1: Ho."
    assert [u["speaker"] for u in body["results"]["utterances"]] == [0, 1]


def test_the_detected_language() -> None:
    body = answered(request(detect_language=True), HeardChannel(SAID, "fr", 0.87654))
    channel = body["results"]["channels"][0]
    assert (channel["detected_language"], channel["language_confidence"]) == ("fr", 0.8765)


class TestRequest:
    def test_a_file_is_told_by_its_content(self) -> None:
        assert request(encoding="linear16").audio == AudioFormat()
        assert request(encoding="mp3").audio == AudioFormat()

    def test_headerless_samples(self) -> None:
        assert request(encoding="mulaw", sample_rate=8000).audio == AudioFormat("mulaw", 8000)

    def test_languages_to_choose_from(self) -> None:
        asked = request(("detect_language", "de"), ("detect_language", "fr-FR"))
        assert (asked.options.language, asked.candidates) == (None, ("de", "fr"))
        assert asked.detect_language

    def test_one_language_to_choose_from(self) -> None:
        assert request(("detect_language", "de")).options.language == "de"

    @pytest.mark.parametrize(
        "query",
        [{"detect_language": "tlh"}, {"language": "tlh"}, {"utt_split": "x"}, {"redact": "true"},
         {"callback": "http://x/"}, {"utterances": "maybe"}],
    )  # fmt: skip
    def test_is_refused(self, query: dict[str, str]) -> None:
        with pytest.raises(BadRequest):
            request(**query)
