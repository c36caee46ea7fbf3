"""A streaming transducer of random weights, made in a moment: it hears nonsense, but always the
same nonsense in the same audio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import soundfile
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Nemotron3_5AsrConfig,
    Nemotron3_5AsrForRNNT,
    Nemotron3_5AsrProcessor,
    NemotronAsrStreamingConfig,
    NemotronAsrStreamingFeatureExtractor,
    NemotronAsrStreamingForRNNT,
    NemotronAsrStreamingProcessor,
    ParakeetTokenizer,
)

from livestt.engines import Hypothesis, Job, Samples, StreamOptions
from livestt.engines.transducer import TransducerEngine, TransducerStream

FIXTURES = Path(__file__).parents[1] / "fixtures"
OPTIONS = StreamOptions(language="en")
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
PIECES = ["<unk>", *(f"\u2581{s}" for s in SYLLABLES), *SYLLABLES, ".", ",", "<en-US>", "<fr-FR>"]
MELS = 32
PROMPTS = {"en-US": 0, "en": 0, "fr-FR": 1, "th-TH": 2, "auto": 3}


def build(folder: Path, *, multilingual: bool = False, blank: float = 1.0, seed: int = 0) -> Path:
    """Write a model folder as ``save_pretrained`` does.

    Args:
        folder: where.
        multilingual: the kind that is prompted with a language.
        blank: added to the logit of blank: more of it, fewer words.
        seed: another one hears other nonsense.
    """
    torch.manual_seed(seed)
    encoder = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "subsampling_conv_channels": 8,
        "num_mel_bins": MELS,
        "sliding_window": 15,
        "default_num_lookahead_tokens": 1,
        "initializer_range": 0.2,
    }
    common: dict[str, Any] = {
        "vocab_size": len(PIECES) + 1,
        "blank_token_id": len(PIECES),
        "decoder_hidden_size": 24,
        "num_decoder_layers": 2,
        "max_symbols_per_step": 3,
        "encoder_config": encoder,
    }
    model: Any
    if multilingual:
        prompted = {"num_prompts": 4, "prompt_intermediate_size": 32, "default_prompt_id": 3}
        model = Nemotron3_5AsrForRNNT(Nemotron3_5AsrConfig(**common, **prompted))
    else:
        model = NemotronAsrStreamingForRNNT(NemotronAsrStreamingConfig(**common))
    processor = _processor(multilingual)
    with torch.no_grad():
        _liven(model.eval(), processor.feature_extractor, blank)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _liven(model: Any, extractor: Any, blank: float) -> None:
    """Fit the scales to some noise, so that what is heard changes with the audio."""
    edges = model.encoder.subsampling.conv_in.weight
    edges -= edges.mean(dim=(2, 3), keepdim=True)
    pitch = torch.sin(torch.arange(160_000) ** 1.2 / 50)
    noise = torch.randn(160_000) * torch.randn(50).abs().repeat_interleave(3200) * pitch
    features = extractor(noise.numpy(), sampling_rate=16_000, return_tensors="pt")
    project = model.encoder_projector
    project.bias.zero_()
    frames = model.get_audio_features(features["input_features"], num_lookahead_tokens=1)
    scale = 1.5 / frames.pooler_output[0].std(dim=0)
    project.weight *= scale[:, None]
    project.bias -= frames.pooler_output[0].mean(dim=0) * scale
    frames = model.get_audio_features(features["input_features"], num_lookahead_tokens=1)
    head = model.joint.head
    head.weight.normal_(0, 1.0)
    head.bias.zero_()
    head.bias -= head(frames.pooler_output[0].relu()).mean(dim=0)
    head.bias[len(PIECES)] += blank


def _processor(multilingual: bool) -> Any:
    vocabulary = {piece: i for i, piece in enumerate([*PIECES, "<blank>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    wrapped = ParakeetTokenizer(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<unk>")
    wrapped.add_special_tokens({"additional_special_tokens": ["<blank>"]})
    extractor = NemotronAsrStreamingFeatureExtractor(feature_size=MELS)
    looks: dict[str, Any] = {"supported_num_lookahead_tokens": [13, 6, 1, 0]}
    if multilingual:
        return Nemotron3_5AsrProcessor(
            extractor, wrapped, **looks, default_num_lookahead_tokens=1, prompt_dictionary=PROMPTS
        )
    return NemotronAsrStreamingProcessor(
        extractor, wrapped, **looks, default_num_lookahead_tokens=1
    )


def speech_of(name: str) -> Samples:
    audio, _ = soundfile.read(FIXTURES / "speech" / f"{name}.flac", dtype="float32")
    return audio  # type: ignore[no-any-return]


def ask(
    engine: TransducerEngine,
    stream: TransducerStream,
    audio: Samples,
    start: int = 0,
    *,
    final: bool = True,
    options: StreamOptions = OPTIONS,
) -> Hypothesis:
    [answer] = engine.run([Job(stream, audio, start, final, options)])
    return answer


def text(answer: Hypothesis) -> str:
    return "".join(word.text for word in answer.words)
