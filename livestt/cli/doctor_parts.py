"""What ``livestt check`` says of models for files, speakers, voices, translation, the store
and keys.

Of what was asked for, whether it would start; of the rest, what it would take, which is no fault.
Nothing is downloaded, converted or made.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from livestt.cli.finding import Finding
from livestt.errors import LivesttError, MissingExtra
from livestt.extras import install_command
from livestt.settings import Settings


def file_models(settings: Settings) -> Iterator[Finding]:
    """The models that requests for files may name."""
    from livestt.cli.preflight import check_file_model
    from livestt.models import locate

    for model in settings.file_model:
        try:
            check_file_model(settings, model)
        except LivesttError as error:
            yield Finding("fail", "Model for files", str(error))
            continue
        if locate.ready(model, settings.model_cache_dir):
            yield Finding("ok", "Model for files", f"{model} is installed")
        else:
            advice = f"livestt pull {model}, or the first request that names it waits for that"
            yield Finding("warn", "Model for files", f"{model} is not installed yet", advice)


def speakers(settings: Settings) -> Iterator[Finding]:
    """The diarizers, and where their model is."""
    from livestt.models import diarizers
    from livestt.settings.speakers import DEFAULT_MODELS
    from livestt.speakers.registry import check_diarizers

    name, asked = settings.diarization_backend, settings.diarization
    if asked and settings.diarization_file_backend == "pyannote" and not find_spec("pyannote"):
        lacks = MissingExtra("--diarization-file-backend pyannote", "pyannote")
        yield Finding("fail", "Speakers of files", str(lacks))
    try:
        if asked:
            check_diarizers(settings)
        model = settings.diarization_model or DEFAULT_MODELS.get(name)
        if model is None:
            says, extra, here = f"{name} is installed", None, True
        else:
            found = diarizers.local(model, settings.model_cache_dir)
            here = found is not None
            extra = diarizers.lacking(found, model, settings.model_cache_dir)
            says = f"{model} is in {found}" if here else f"{model} is not installed"
    except LivesttError as error:
        yield Finding("fail", "Speakers", str(error))
        return
    yield _model("Speakers", "--diarization", says, asked=asked, here=here, extra=extra)


def voices(settings: Settings) -> Iterator[Finding]:
    """What compares voices; a speaker model that is here is loaded, which is quick."""
    from livestt.models import embedders
    from livestt.speakers.embedder_registry import check_embedder, load_embedder

    name = settings.embedder
    try:
        check_embedder(settings)
        if name == "none":
            yield Finding("ok", "Voices", "not compared; --embedding-model names a speaker model")
            return
        if name == "resemblyzer" and not find_spec("resemblyzer"):
            raise MissingExtra("--embedding-backend resemblyzer", "resemblyzer")
        if name == "onnx":
            model = settings.embedding_model or ""
            found = embedders.local(model, settings.model_cache_dir)
            if found is None:
                says = f"{model} is not installed"
                yield _model("Voices", "--embedding-model", says, asked=True, here=False)
                return
            embedder = load_embedder(settings)
            if embedder is not None:
                embedder.close()
            name = f"{found} loads"
        yield Finding("ok", "Voices", name)
    except LivesttError as error:
        yield Finding("fail", "Voices", str(error))


def translation(settings: Settings) -> Iterator[Finding]:
    """What translates, and where its model is."""
    from livestt.models import translators
    from livestt.settings.translation import USUAL_TRANSLATOR
    from livestt.translation.registry import check_translator

    asked = settings.translator != "none"
    try:
        check_translator(settings)
        if settings.translator not in ("none", "ctranslate2"):
            yield Finding("ok", "Translation", f"{settings.translator} is installed")
            return
        model = settings.translation_model or USUAL_TRANSLATOR
        found = translators.local(model, settings.model_cache_dir)
        extra = translators.lacking(found, model, settings.model_cache_dir)
    except LivesttError as error:
        yield Finding("fail", "Translation", str(error))
        return
    here = found is not None
    says = f"{model} is in {found}" if here else f"{model} is not installed"
    yield _model("Translation", "--target-language", says, asked=asked, here=here, extra=extra)


def _model(
    subject: str, option: str, says: str, *, asked: bool, here: bool, extra: str | None = None
) -> Finding:
    """How it is with a model that may be fetched, and may have to be converted."""
    from livestt.models import hub

    if extra is not None:
        says += f", and converting it once needs the extra {extra}"
    if not asked:
        return Finding("ok", subject, f"off, {option} turns it on; {says}")
    if extra is not None:
        return Finding("fail", subject, says, install_command(extra))
    if here:
        return Finding("ok", subject, says)
    reason = hub.unreachable()
    if reason is None:
        return Finding("warn", subject, says, "The server fetches it when it starts.")
    return Finding("fail", subject, f"{says}, and {reason}", "Bring it here and name its folder.")


def store(settings: Settings) -> Iterator[Finding]:
    """Whether transcripts can be kept where they are to be kept."""
    if settings.store == "none":
        yield Finding("ok", "Store", "nothing is kept")
        return
    from livestt.store.database import address, probe
    from livestt.store.schema import newest

    try:
        url = address(settings.store)
        version = probe(url)
    except LivesttError as error:
        yield Finding("fail", "Store", str(error))
        return
    place = url.render_as_string(hide_password=True)
    if version is None:
        yield Finding("ok", "Store", f"{place}, made at the first start")
    elif version < newest():
        says = f"{place} is of an older livestt (version {version}, this one writes {newest()})"
        advice = (
            "The server brings it up to date when it starts, and the older livestt refuses it "
            "from then on: copy it first if you may go back."
        )
        yield Finding("warn", "Store", says, advice)
    else:
        yield Finding("ok", "Store", place)


def keys(settings: Settings) -> Iterator[Finding]:
    """Who is let in."""
    from livestt.server.access.door import LOOPBACK
    from livestt.server.access.keyring import configured

    try:
        found = configured(settings)
    except LivesttError as error:
        yield Finding("fail", "Keys", str(error))
        return
    if found.required:
        names = ", ".join(
            f"{key.name} ({'+'.join(sorted(key.scopes))})" for key in found.current(0.0)
        )
        yield Finding("ok", "Keys", names)
    elif settings.host in LOOPBACK:
        yield Finding("ok", "Keys", "none; the server listens to this machine alone")
    else:
        says = f"none: anybody who reaches {settings.host} can use the server"
        advice = "livestt key new NAME --api-keys-file keys, then serve with --api-keys-file keys"
        yield Finding("warn", "Keys", says, advice)
