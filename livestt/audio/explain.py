"""What to tell a client whose bytes are not audio."""

from __future__ import annotations

from livestt.errors import BadAudio

ADVICE = (
    "send WAV, WebM, Ogg, MP3, FLAC, AAC or MP4, or declare headerless samples by encoding,"
    " sample_rate and channels"
)

FILE_ADVICE = (
    "give WAV, WebM, Ogg, MP3, FLAC, AAC or MP4; headerless samples become WAV with"
    " ffmpeg -f s16le -ar 16000 -ac 1 -i SAMPLES OUT.wav"
)
"""The same to somebody at a terminal, who declares nothing."""

INDEX_LAST = "this MP4 has its index (moov) at the end"
INDEX_ADVICE = (
    "write it as fragments (ffmpeg -movflags frag_keyframe+empty_moov) or with its index first"
    " (ffmpeg -movflags +faststart), or send it as a file by POST /v1/audio/transcriptions"
)

HEAD = 64
"""How many bytes from the start of a stream an explanation looks at."""


def not_audio(head: bytes) -> BadAudio:
    """The error for a stream that starts with ``head`` and that no decoder recognised."""
    return BadAudio(f"{_describe(head)}: {ADVICE}")


def for_file(sentence: str) -> str:
    """A sentence of this package's, with advice for whoever has the file rather than sends it."""
    return sentence.replace(ADVICE, FILE_ADVICE)


def _describe(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "the stream was empty"
    if text.startswith(b"<"):
        return "this looks like an HTML or XML page, not audio"
    if text.startswith((b"{", b"[")):
        return "this looks like JSON, not audio"
    if text.startswith(b"#extm3u"):
        return "this is a playlist, not the audio that it names"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head):
        return "this looks like text, not audio"
    return "the audio format was not recognised, or the file is damaged"
