"""A model that comes and goes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from speakers.choir import Choir, sound_of, sung

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import EngineError, ModelUnavailable
from livestt.residence import Models, Residence
from livestt.resident import Resident, load_models, resident, state_of
from livestt.settings import Settings
from livestt.speakers import DiarizerJob
from livestt.speakers.embeddings import EmbedderJob, Embedding
from livestt.speakers.scripted import ScriptedDiarizer

OPTIONS = StreamOptions()


class Model(ScriptedEngine):
    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Shelf:
    """Loads models, and remembers them."""

    def __init__(self) -> None:
        self.models: list[Model] = []
        self.failure: Exception | None = None

    def load(self) -> Model:
        if self.failure is not None:
            raise self.failure
        self.models.append(Model())
        return self.models[-1]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def keeper(shelf: Shelf) -> Resident:
    return resident_of(shelf, shelf.load())


def resident_of(shelf: Shelf, model: Model) -> Resident:
    residence = Residence(Models(model), lambda: Models(shelf.load()))
    return Resident(residence, model.capabilities)


def test_it_goes_when_nobody_holds_it_and_comes_back_when_somebody_does(
    shelf: Shelf, keeper: Resident
) -> None:
    first = keeper.open(OPTIONS)
    assert not keeper.residence.evict()
    keeper.release(first)
    assert not keeper.residence.evict(idle=3600)
    assert state_of(keeper) == "loaded"
    assert keeper.residence.evict()
    assert not keeper.residence.evict()
    assert (state_of(keeper), [model.closed for model in shelf.models]) == ("unloaded", [1])
    second = keeper.open(OPTIONS)
    keeper.release(second)
    assert (state_of(keeper), [model.closed for model in shelf.models]) == ("loaded", [1, 0])
    assert (keeper.residence.stats.loads, keeper.residence.stats.evictions) == (1, 1)
    keeper.close()
    assert [model.closed for model in shelf.models] == [1, 1]


def test_an_engine_that_cannot_free_a_stream_does_not_stay_for_ever(
    keeper: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = keeper.open(OPTIONS)

    def fail(_: object) -> None:
        raise EngineError("it was told to fail")

    monkeypatch.setattr(keeper.residence.held.engine, "release", fail)
    with pytest.raises(EngineError, match="told to fail"):
        keeper.release(stream)
    assert keeper.residence.evict()


def test_many_who_want_it_load_it_once(shelf: Shelf, keeper: Resident) -> None:
    keeper.residence.evict()
    together = threading.Barrier(8)

    def want(_: int) -> None:
        together.wait(60)
        stream = keeper.open(OPTIONS)
        keeper.residence.evict()
        keeper.release(stream)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(want, range(8)))
    loaded = [model for model in shelf.models if not model.closed]
    assert len(loaded) == 1
    assert keeper.residence.stats.loads == keeper.residence.stats.evictions == len(shelf.models) - 1


def test_what_cannot_be_loaded_is_said_and_tried_again(shelf: Shelf, keeper: Resident) -> None:
    keeper.residence.evict()
    shelf.failure = ModelUnavailable("the disk is gone")
    for _ in range(2):
        with pytest.raises(EngineError, match="cannot be loaded again: the disk is gone"):
            keeper.open(OPTIONS)
    assert (keeper.residence.state, keeper.residence.failure) == ("unloaded", "the disk is gone")
    shelf.failure = None
    keeper.release(keeper.open(OPTIONS))
    assert (keeper.residence.state, keeper.residence.failure) == ("loaded", None)


def test_another_model_in_its_place_is_refused(shelf: Shelf) -> None:
    model = shelf.load()
    model.capabilities = replace(model.capabilities, languages=frozenset({"tlh"}))
    keeper = resident_of(shelf, model)
    keeper.residence.evict()
    with pytest.raises(EngineError, match="replaced by another one"):
        keeper.open(OPTIONS)
    assert shelf.models[-1].closed


def test_a_stream_that_does_not_open_holds_nothing(shelf: Shelf) -> None:
    class Full(Model):
        def open(self, options: StreamOptions) -> None:
            raise EngineError("no more streams")

    keeper = resident_of(shelf, Full())
    with pytest.raises(EngineError, match="no more streams"):
        keeper.open(OPTIONS)
    assert keeper.residence.evict()


def test_diarizers_come_and_go_with_the_engine(shelf: Shelf) -> None:
    loaded: list[Models] = []

    def load() -> Models:
        loaded.append(Models(shelf.load(), ScriptedDiarizer(), ScriptedDiarizer()))
        return loaded[-1]

    models = resident(load(), Settings(backend="scripted"))
    assert isinstance(models.engine, Resident)
    models.engine.residence._load = load
    assert models.engine.residence.evict()
    stream = models.engine.open(OPTIONS)
    for diarizer, whose in ((models.diarizer, 1), (models.file_diarizer, 2)):
        assert diarizer is not None
        assert diarizer.capabilities == loaded[-1][whose].capabilities
        own = diarizer.open()
        job = DiarizerJob(own, np.zeros(16_000, np.float32), final=True)
        assert diarizer.run([job])[0].start == 0
        assert diarizer.batch_key(job) == loaded[-1][whose].batch_key(job)
        diarizer.release(own)
        diarizer.close()
    assert not models.engine.residence.evict()
    models.engine.release(stream)
    assert models.engine.residence.evict()


def test_an_embedder_comes_and_goes_with_the_engine(shelf: Shelf) -> None:
    """Also for somebody who has no session: voices are enrolled while nobody speaks."""
    choirs: list[Choir] = []

    def load() -> Models:
        choirs.append(Choir())
        return Models(shelf.load(), embedder=choirs[-1])

    models = resident(load(), Settings(backend="scripted"))
    assert isinstance(models.engine, Resident)
    assert models.embedder is not None
    residence = models.engine.residence
    residence._load = load
    job = EmbedderJob(sung(1, 1.0))
    assert models.embedder.batch_key(job) is None
    assert residence.evict()
    assert models.embedder.batch_key(job) is job, "alone, while nobody knows what goes with it"
    assert models.embedder.capabilities == choirs[0].capabilities
    assert (models.embedder.run([job])[0] == sound_of(1)).all()
    assert choirs[1].heard == [job]
    assert shelf.models[0].closed
    models.embedder.close()
    assert residence.evict(), "nobody holds it any more"


def test_an_embedder_that_fails_holds_nothing(shelf: Shelf) -> None:
    class Hoarse(Choir):
        def run(self, jobs: Sequence[EmbedderJob]) -> list[Embedding]:
            raise EngineError("hoarse")

    models = resident(Models(shelf.load(), embedder=Hoarse()), Settings(backend="scripted"))
    assert isinstance(models.engine, Resident)
    assert models.embedder is not None
    with pytest.raises(EngineError, match="hoarse"):
        models.embedder.run([EmbedderJob(sung(1, 1.0))])
    assert models.engine.residence.evict()


def test_one_diarizer_for_both_stays_one() -> None:
    both = ScriptedDiarizer()
    models = resident(Models(ScriptedEngine(), both, both), Settings(backend="scripted"))
    assert models.diarizer is models.file_diarizer
    assert Models(ScriptedEngine(), both, both).all[1:] == [both]


def test_without_preload_it_starts_out_of_memory() -> None:
    settings = Settings(backend="scripted", preload=False)
    models = resident(load_models(settings), settings)
    assert state_of(models.engine) == "unloaded"
    models.engine.release(models.engine.open(OPTIONS))
    assert state_of(models.engine) == "loaded"
    assert models.engine.capabilities.name == "scripted"
