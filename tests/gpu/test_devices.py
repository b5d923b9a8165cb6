"""What becomes of a GPU that is too old, too small, or gone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz import pipeline as room
from lxmert_viz.detector.speed import has_bfloat16
from lxmert_viz.errors import DeviceError, MemoryShortError
from lxmert_viz.model import devices
from lxmert_viz.model.devices import find_device, on_processor
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Scores
from tests.helpers.small_networks import same_states

TEXTS = ["what color is the ball?", "is the dog red?", "how many?"]


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Capabilities of the GPUs that PyTorch sees, to be filled."""
    here: list[tuple[int, int]] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(here))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(here))
    monkeypatch.setattr(torch.cuda, "get_device_capability", here.__getitem__)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90a", "compute_100"])
    monkeypatch.setattr(devices, "_compute_exactly", lambda: None)
    return here


@pytest.mark.parametrize(
    ("card", "has"),
    [((6, 1), False), ((7, 0), False), ((7, 5), True), ((8, 6), False), ((9, 0), True)]
    + [((10, 0), True), ((12, 0), True)],
)
def test_a_card_needs_code_that_was_made_for_it(
    cards: list[tuple[int, int]], card: tuple[int, int], has: bool
) -> None:
    cards.append(card)
    assert str(find_device("auto")) == ("cuda" if has else "cpu")
    if has:
        assert str(find_device("cuda")) == "cuda"
    else:
        with pytest.raises(DeviceError, match=rf"no kernels for cuda, .* {card[0]}\.{card[1]}"):
            find_device("cuda")


def test_auto_is_the_first_card_that_can(cards: list[tuple[int, int]]) -> None:
    cards += [(6, 1), (9, 0)]
    assert str(find_device("auto")) == "cuda:1"
    with pytest.raises(DeviceError, match="no kernels for cuda:0"):
        find_device("cuda:0")


def test_bfloat16_is_asked_of_the_card_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    majors = {"cuda:0": 7, "cuda:1": 9}

    class Card:
        def __init__(self, device: torch.device) -> None:
            self.major = majors[str(device)]

    monkeypatch.setattr(torch.cuda, "get_device_properties", Card)
    assert not has_bfloat16(torch.device("cuda:0"))
    assert has_bfloat16(torch.device("cuda:1"))


@pytest.fixture
def small(
    tiny_folder: Path, tiny_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> tuple[Pipeline, list[int]]:
    """A pipeline that seems to be on a GPU, and how many rows each try there had."""
    pipeline = Pipeline.open(tiny_folder, device="cpu")
    pipeline.device = "cuda"
    tried: list[int] = []
    monkeypatch.setattr(room, "on_processor", lambda network: tiny_pipeline.network)
    return pipeline, tried


def full_from(rows: int, pipeline: Pipeline, tried: list[int]) -> None:
    run = pipeline.inputs.of

    def of(batch: list, **how: object) -> dict:
        tried.append(len(batch))
        if len(batch) >= rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 90.00 MiB.")
        return run(batch, **how)

    pipeline.inputs.of = of


def test_a_batch_that_is_too_large_is_halved(
    small: tuple[Pipeline, list[int]], tiny_pipeline: Pipeline, regions: Regions
) -> None:
    pipeline, tried = small
    full_from(2, pipeline, tried)
    pairs = [(regions, text) for text in TEXTS]
    assert same(pipeline.score_many(pairs), tiny_pipeline.score_many(pairs))
    assert tried == [3, 1, 2, 1, 1]


def test_what_is_too_large_alone_goes_to_the_processor_and_says_so(
    small: tuple[Pipeline, list[int]],
    tiny_pipeline: Pipeline,
    regions: Regions,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pipeline, tried = small
    full_from(1, pipeline, tried)
    pairs = [(regions, text) for text in TEXTS]
    assert same(pipeline.score_many(pairs), tiny_pipeline.score_many(pairs))
    assert tried == [3, 1, 2, 1, 1]
    (told,) = caplog.messages
    assert told == "The memory of cuda gave out, so this was computed on the processor."
    trace = pipeline.ask(regions, TEXTS[0])
    assert told in trace.notes
    assert np.array_equal(trace.states["pooled"], tiny_pipeline.ask(*pairs[0]).states["pooled"])


def test_a_processor_without_memory_is_told_in_a_sentence(
    tiny_folder: Path, regions: Regions
) -> None:
    pipeline = Pipeline.open(tiny_folder, device="cpu")
    full_from(1, pipeline, [])
    with pytest.raises(MemoryShortError, match="The memory of cpu gave out"):
        pipeline.ask(regions, TEXTS[0])


def test_the_copy_for_the_processor_is_whole_and_ties_what_was_tied(
    tiny_pipeline: Pipeline,
) -> None:
    network = tiny_pipeline.network
    copy = on_processor(network)
    assert same_states(copy, network)
    assert {p.device.type for p in copy.parameters()} == {"cpu"}
    assert copy.cls.predictions.decoder.weight is base_of(copy).embeddings.word_embeddings.weight


def same(found: list[Scores], expected: list[Scores]) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(np.allclose(a.answer_logits, b.answer_logits, atol=1e-4) for a, b in pairs)


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)
