"""``livestt convert``: from a published diarizer to one that livestt runs."""

from __future__ import annotations

from pathlib import Path

import click

from livestt.cli.base import Command, announce
from livestt.cli.options import with_settings
from livestt.settings import Settings


@click.command("convert", cls=Command)
@click.argument("source")
@click.argument("target", type=click.Path(path_type=Path), required=False)
@with_settings(names=("model_cache_dir", "log_level"))
def command(settings: Settings, source: str, target: Path | None) -> None:
    """Convert a diarizer to ONNX, so that running it needs neither NeMo nor PyTorch.

    SOURCE is a .nemo file with a Sortformer (needs the extra sortformer), or a folder in Hugging
    Face format with a Nemotron-3 diarization model (needs the extra nemotron), or a repository
    with either. Without TARGET the result goes into the cache, where --diarization-model SOURCE
    finds it. Prints the folder it is in.

    \b
    livestt convert nvidia/Nemotron-3-Diarization
    livestt convert diar_streaming_sortformer_4spk-v2.nemo ./sortformer
    livestt serve --diarization-model ./sortformer
    """
    from livestt.models import diarizers
    from livestt.models.convert_diarizer import convert

    if target is None:
        click.echo(diarizers.resolve(source, settings.model_cache_dir, announce))
        return
    found = diarizers.find(source, settings.model_cache_dir, announce)
    announce(f"Converting {source}")
    convert(found, target, diarizers.name_of(source))
    click.echo(target)
