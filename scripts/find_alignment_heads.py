#!/usr/bin/env python3
"""Find the alignment heads of a Whisper model: the decoder heads that look at what they write.

    python scripts/find_alignment_heads.py ./my-model speech/manifest.jsonl --picture heads.png

Fine-tuning moves them, distillation renumbers them, and without the right ones word times and
AlignAtt are poor. The model is a folder in Hugging Face format; the manifest has one JSON object
per line with ``file`` (relative to the manifest), ``text`` and, if known, ``words`` as
``[word, start, end]`` in seconds. Ten minutes of clean speech of one language are plenty.

The model is made to write each text, and every head is judged by itself: its score is the share
of its attention that lies on its own best monotone path. A head that listens follows the speech,
one that does something else does not. With ``words``, only tokens count that it looks for inside
their word, give or take 0.1 s.

Printed are the best heads and the line that names them, for ``--alignment-heads`` and for the
``alignment_heads`` of ``generation_config.json`` or CTranslate2's ``config.json``. The picture has
a row of tiles for each layer, in each tile the attention of one head to one sentence, time from
left to right, tokens downwards; those found are framed. Needs the extras ``torch`` and ``dev``.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track

from livestt.engines.transformers_model import TorchWhisper
from livestt.engines.transformers_whisper import load_whisper
from livestt.engines.vocabularies import from_folder, is_multilingual
from livestt.engines.whisper.attention import Heads, places
from livestt.engines.whisper.decoding import FloatArray, greedy
from livestt.engines.whisper.features import log_mel
from livestt.engines.whisper.prompts import Prompt
from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.engines.whisper.windows import FULL_SECONDS, TOKEN_FRAME, pad_features
from livestt.errors import LivesttError
from livestt.testing import decode_file
from livestt.timebase import SAMPLE_RATE

NEAR = 0.1
"""Seconds outside a word that still count."""
TILE = (120, 200)
"""Height and width of a head in the picture, in dots."""
FRAME_COLOUR = (255, 170, 0)

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the model was made to write, and where every head looked meanwhile."""

    weights: FloatArray
    """``[heads, start + tokens, positions]``, layer by layer."""
    skip: int
    """Rows before that of the first token."""
    times: list[tuple[float, float]] | None
    """Seconds of the word of each token."""


def listen(
    model: TorchWhisper,
    vocabulary: Vocabulary,
    bands: int,
    row: dict[str, Any],
    path: Path,
    code: str,
) -> Utterance | None:
    """Make the model write a text; None if its audio does not fit the window."""
    audio = decode_file(path)
    if len(audio) > (FULL_SECONDS - 1) * SAMPLE_RATE:
        return None
    start = vocabulary.start(code, "transcribe")
    tokens, times = spell(vocabulary, row)
    features = pad_features(log_mel(audio, bands), FULL_SECONDS)
    with torch.inference_mode():
        encoded = model.encode(features[None])
        [told] = greedy(model, vocabulary, encoded, [Prompt((), start, tokens)], [0])
    content = -(-len(audio) // TOKEN_FRAME)
    return Utterance(told.attention[:, :, :content], len(start) - 1, times)


def spell(
    vocabulary: Vocabulary, row: dict[str, Any]
) -> tuple[tuple[int, ...], list[tuple[float, float]] | None]:
    """Tokens of a text, and of each the time of its word if that is known."""
    if not row.get("words"):
        return vocabulary.text_tokens(f" {row['text'].strip()}"), None
    tokens: list[int] = []
    times: list[tuple[float, float]] = []
    for word, begin, end in row["words"]:
        mine = vocabulary.text_tokens(f" {word}")
        tokens += mine
        times += [(begin, end)] * len(mine)
    return tuple(tokens), times


def scores(utterance: Utterance) -> Iterator[FloatArray]:
    """For each head the score of each token."""
    for head in utterance.weights:
        looked, spans = places(head[None], utterance.skip)
        rows = head[utterance.skip :]
        on_path = [r[s.first : s.last + 1].sum() for r, s in zip(rows, spans, strict=True)]
        score = np.array(on_path, np.float32)
        if utterance.times is not None:
            at = np.array(looked) * TOKEN_FRAME / SAMPLE_RATE
            begin, end = np.array(utterance.times).T
            score *= (begin - NEAR <= at) & (at <= end + NEAR)
        yield score


def choose(ranking: FloatArray, least: float, most: int) -> Heads:
    """The heads ``[layers, heads]`` that come near the best one."""
    order = np.argsort(-ranking, axis=None)[:most]
    places = [np.unravel_index(i, ranking.shape) for i in order]
    return tuple(
        sorted((int(a), int(b)) for a, b in places if ranking[a, b] >= least * ranking.max())
    )


def draw(weights: FloatArray, shape: tuple[int, int], chosen: Heads) -> Picture:
    """Tiles ``[layers, heads]`` in which attention is bright, ``[height, width, 3]``."""
    rows = []
    for layer in range(shape[0]):
        tiles = []
        for head in range(shape[1]):
            tile = tile_of(weights[layer * shape[1] + head])
            if (layer, head) in chosen:
                for edge in (np.s_[:4], np.s_[-4:], np.s_[:, :4], np.s_[:, -4:]):
                    tile[edge] = FRAME_COLOUR
            tiles.append(np.pad(tile, ((3, 3), (3, 3), (0, 0)), constant_values=90))
        rows.append(np.concatenate(tiles, axis=1))
    return np.concatenate(rows)


def tile_of(attention: FloatArray) -> Picture:
    """One head, ``[tokens, positions]``, each token as bright as its brightest position."""
    bright = attention / np.maximum(attention.max(axis=1, keepdims=True), 1e-9)
    down = np.arange(TILE[0]) * bright.shape[0] // TILE[0]
    edges = np.linspace(0, bright.shape[1], TILE[1] + 1).astype(int)
    across = np.stack(
        [bright[:, a : max(b, a + 1)].max(axis=1) for a, b in pairwise(edges)],
        axis=1,
    )
    grey = (255 * across[down] ** 0.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def png(picture: Picture) -> bytes:
    """The picture as a PNG file (W3C "Portable Network Graphics", 8-bit RGB)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = picture.shape
    lines = b"".join(b"\0" + line.tobytes() for line in picture)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def find(options: argparse.Namespace, console: Console) -> int:
    folder: Path = options.model
    whisper = load_whisper(folder, options.device, torch.float32)
    config = whisper.config
    shape = (config.decoder_layers, config.decoder_attention_heads)
    vocabulary = from_folder(folder, multilingual=is_multilingual(config.vocab_size))
    everything = tuple((layer, head) for layer in range(shape[0]) for head in range(shape[1]))
    model = TorchWhisper(whisper, everything, (), vocabulary.eot)
    lines = options.manifest.read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()][: options.limit]
    heard = []
    for row in track(rows, "Listening", console=console):
        path = options.manifest.parent / row["file"]
        told = listen(model, vocabulary, config.num_mel_bins, row, path, options.language)
        heard += [told] if told else []
    if not heard:
        console.print("no utterance of the manifest is shorter than 29 s", style="red")
        return 2
    each = [list(scores(utterance)) for utterance in heard]
    means = [float(np.concatenate(parts).mean()) for parts in zip(*each, strict=True)]
    ranking = np.array(means, np.float32).reshape(shape)
    chosen = choose(ranking, options.least, options.most)
    for layer, head in sorted(everything, key=lambda at: -ranking[at])[:20]:
        mark = "*" if (layer, head) in chosen else " "
        sys.stdout.write(f"{mark} {layer}:{head}  {ranking[layer, head]:.3f}\n")
    sys.stdout.write(f"--alignment-heads {','.join(f'{a}:{b}' for a, b in chosen)}\n")
    sys.stdout.write(f'"alignment_heads": {json.dumps(chosen)}\n')
    if options.picture:
        options.picture.write_bytes(png(draw(heard[0].weights, shape, chosen)))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path, help="folder in Hugging Face format")
    parser.add_argument("manifest", type=Path, help="JSON lines; see above")
    parser.add_argument("--language", default="en", help="what is spoken (default: en)")
    parser.add_argument("--picture", type=Path, help="write a PNG of all heads here")
    parser.add_argument("--limit", type=int, help="only so many utterances")
    parser.add_argument("--least", type=float, default=0.8, help="of the best score (0.8)")
    parser.add_argument("--most", type=int, default=16, help="heads to choose (16)")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda", "mps"))
    console = Console(stderr=True)
    try:
        return find(parser.parse_args(arguments), console)
    except (LivesttError, OSError) as error:
        console.print(str(error), style="red")
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
