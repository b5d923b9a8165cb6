import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.errors import DeviceError, OptionError, TextError
from lxmert_viz.model.devices import find_device
from lxmert_viz.model.inputs import BATCH
from lxmert_viz.model.streams import KEPT
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions, Trace
from tests.helpers.made_up_regions import made_up as random_regions

QUESTION = "what color is the large cube?"
MakeRegions = Callable[..., Regions]


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


@pytest.fixture(scope="module")
def made_up(regions: Regions) -> MakeRegions:
    return lambda count, seed=0: random_regions(regions, count, seed)


def equal(one: Trace, other: Trace, tolerance: float = 0.0) -> bool:
    pairs = [(one.attention[key], other.attention[key]) for key in one.attention]
    pairs += [(one.states[key], other.states[key]) for key in one.states]
    pairs.append((np.array([one.match]), np.array([other.match])))
    by_text = [{a.text: a.probability for a in trace.answers} for trace in (one, other)]
    pairs += [(np.array([by_text[0][t]]), np.array([by_text[1][t]])) for t in by_text[0]]
    same_shapes = all(a.shape == b.shape for a, b in pairs)
    return same_shapes and all(np.allclose(a, b, rtol=0, atol=tolerance) for a, b in pairs)


class CountedCalls:
    """Counts how often the vision encoder of a pipeline runs, and over how many pictures."""

    def __init__(self, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[int] = []
        network = pipeline._network.lxmert
        original = network.encode_vision

        def counted(visual_feats: torch.Tensor, **given: object) -> object:
            self.batches.append(len(visual_feats))
            return original(visual_feats, **given)

        monkeypatch.setattr(network, "encode_vision", counted)


@pytest.fixture
def calls(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Pipeline, CountedCalls]:
    """A pipeline of its own, that has seen no picture yet."""
    pipeline = Pipeline.open(tiny_folder, device="cpu")
    return pipeline, CountedCalls(pipeline, monkeypatch)


def test_regions_say_what_was_seen_where(regions: Regions, photograph: bytes) -> None:
    count = len(regions)
    assert 4 <= count <= 8
    assert regions.size_px == (160, 120)
    assert len(regions.digest) == 64
    assert regions.profile == "trained"
    assert regions.boxes_unit.shape == (count, 4)
    assert regions.boxes_unit.min() >= 0
    assert regions.boxes_unit.max() <= 1
    assert (regions.boxes_unit[:, :2] <= regions.boxes_unit[:, 2:]).all()
    assert {regions.boxes_unit.dtype, regions.feats.dtype, regions.scores.dtype} == {
        np.dtype(np.float32)
    }
    attributes, objects = zip(*(name.split() for name in regions.names), strict=True)
    assert set(attributes) <= {"red", "green", "blue", "small", "large"}
    assert set(objects) <= {"ball", "cube", "dog", "man", "tree", "house"}


def test_a_trace_has_every_map_and_state_in_its_shape(
    tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    trace = tiny_pipeline.ask(made_up(5), QUESTION)
    words = len(trace.tokens.ids)
    shapes = {family: maps.shape for family, maps in trace.attention.items()}
    assert shapes == {
        "lang": (3, 4, words, words),
        "vision": (2, 4, 5, 5),
        "lang_from_vision": (2, 4, words, 5),
        "vision_from_lang": (2, 4, 5, words),
        "cross_lang": (2, 4, words, words),
        "cross_vision": (2, 4, 5, 5),
    }
    assert list(shapes) == list(FAMILIES)
    assert {name: states.shape for name, states in trace.states.items()} == {
        "lang": (4, words, 16),
        "vision": (3, 5, 16),
        "lang_cross": (2, 3, words, 16),
        "vision_cross": (2, 3, 5, 16),
        "pooled": (16,),
    }
    arrays = [*trace.attention.values(), *trace.states.values()]
    assert all(array.dtype == np.float32 for array in arrays)


def test_attention_rows_sum_to_one(tiny_pipeline: Pipeline, made_up: MakeRegions) -> None:
    for trace in tiny_pipeline.ask_many([(made_up(5), QUESTION), (made_up(9), "dog")]):
        for maps in trace.attention.values():
            assert np.allclose(maps.sum(-1), 1, atol=1e-5)


def test_a_trace_holds_what_the_network_computes(
    tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    """The same numbers as one plain call without kept streams, padding or masks."""
    seen = made_up(6)
    trace = tiny_pipeline.ask(seen, QUESTION)
    with torch.inference_mode():
        output = tiny_pipeline._network(
            input_ids=torch.from_numpy(trace.tokens.ids)[None],
            visual_feats=torch.from_numpy(seen.feats)[None],
            visual_pos=torch.from_numpy(seen.boxes_unit)[None],
            output_attentions=True,
            output_hidden_states=True,
        )
    computed = output.activations
    assert np.allclose(trace.attention["lang"][2], output.language_attentions[2][0], atol=1e-6)
    for family, maps in trace.attention.items():
        for layer, expected in enumerate(computed.attention[family]):
            assert np.allclose(maps[layer], expected[0], atol=1e-6)
    for layer, expected in enumerate(computed.vision_states):
        assert np.allclose(trace.states["vision"][layer], expected[0], atol=1e-5)
    for layer, steps in enumerate(computed.lang_cross_states):
        ordered = (steps.cross, steps.self_attention, steps.feed_forward)
        for place, expected in enumerate(ordered):
            assert np.allclose(trace.states["lang_cross"][layer, place], expected[0], atol=1e-5)
    scores = output.question_answering_score[0].softmax(-1)
    named = zip(tiny_pipeline.answer_vocabulary, scores.tolist(), strict=True)
    assert {a.text: pytest.approx(a.probability, abs=1e-6) for a in trace.answers} == dict(named)
    match = output.cross_relationship_score[0].softmax(-1)[1]
    assert trace.match == pytest.approx(float(match), abs=1e-6)


def test_answers_are_ranked(tiny_pipeline: Pipeline, regions: Regions) -> None:
    trace = tiny_pipeline.ask(regions, QUESTION)
    shares = [answer.probability for answer in trace.answers]
    assert trace.answer_kind == "softmax"
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert {a.text for a in trace.answers} == set(tiny_pipeline.answer_vocabulary)


def test_a_second_question_does_not_encode_the_regions_again(
    calls: tuple[Pipeline, CountedCalls], made_up: MakeRegions
) -> None:
    pipeline, counted = calls
    first = pipeline.ask(made_up(6), QUESTION)
    second = pipeline.ask(made_up(6), "is it red?")  # equal content in other arrays
    assert counted.batches == [1]
    assert not equal(first, second)
    pipeline.ask(made_up(6, seed=1), QUESTION)
    assert counted.batches == [1, 1]


def test_a_moved_box_is_another_picture(
    calls: tuple[Pipeline, CountedCalls], made_up: MakeRegions
) -> None:
    pipeline, counted = calls
    pipeline.ask(made_up(6), QUESTION)
    moved = dataclasses.replace(made_up(6), boxes_unit=made_up(6).boxes_unit * np.float32(0.9))
    pipeline.ask(moved, QUESTION)
    assert counted.batches == [1, 1]


def test_kept_streams_are_bounded_and_the_longest_unused_goes_first(
    calls: tuple[Pipeline, CountedCalls], made_up: MakeRegions
) -> None:
    pipeline, counted = calls
    for seed in (*range(KEPT), 0, KEPT):  # 0 is used again before the last one comes in
        pipeline.ask(made_up(2, seed), QUESTION)
    assert len(counted.batches) == KEPT + 1
    pipeline.ask(made_up(2, 0), QUESTION)
    assert len(counted.batches) == KEPT + 1
    pipeline.ask(made_up(2, 1), QUESTION)
    assert len(counted.batches) == KEPT + 2


def test_many_questions_equal_each_alone(tiny_folder: Path, made_up: MakeRegions) -> None:
    texts = (QUESTION, "dog", "is the red ball left of the blue cube?")
    pairs = [(made_up(count, count), text) for count in (5, 0, 9, 1) for text in texts]
    batched = Pipeline.open(tiny_folder, device="cpu").ask_many(pairs)
    alone = Pipeline.open(tiny_folder, device="cpu")
    for (regions, text), trace in zip(pairs, batched, strict=True):
        assert trace.tokens.text == text
        assert equal(trace, alone.ask(regions, text), tolerance=1e-5)


def test_many_questions_on_one_picture_encode_it_once(
    calls: tuple[Pipeline, CountedCalls], made_up: MakeRegions
) -> None:
    pipeline, counted = calls
    assert len(pipeline.ask_many([(made_up(6), QUESTION)] * (BATCH + 3))) == BATCH + 3
    assert counted.batches == [1]


def test_large_batches_are_split(
    calls: tuple[Pipeline, CountedCalls], made_up: MakeRegions
) -> None:
    pipeline, counted = calls
    pipeline.ask_many([(made_up(2, seed), QUESTION) for seed in range(BATCH + 3)])
    assert counted.batches == [BATCH, 3]


def test_asking_nothing_gives_nothing(tiny_pipeline: Pipeline) -> None:
    assert tiny_pipeline.ask_many([]) == []


def test_a_picture_without_regions_can_be_asked_about(
    tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    trace = tiny_pipeline.ask(made_up(0), QUESTION)
    assert trace.attention["lang_from_vision"].shape[-1] == 0
    assert np.isfinite(trace.states["pooled"]).all()
    assert len(trace.answers) == 9


def test_regions_of_another_detector_are_a_programming_error(
    tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    wide = dataclasses.replace(made_up(3), feats=np.ones((3, 2048), np.float32))
    with pytest.raises(ValueError, match="2048 .* 64"):
        tiny_pipeline.ask(wide, QUESTION)


def test_threads_do_not_disturb_each_other(tiny_folder: Path, made_up: MakeRegions) -> None:
    alone = Pipeline.open(tiny_folder, device="cpu")
    pairs = [(made_up(4 + n % 3, n), text) for n in range(6) for text in (QUESTION, "red dog")]
    expected = [alone.ask(*pair) for pair in pairs]
    shared = Pipeline.open(tiny_folder, device="cpu")
    found: dict[int, list[Trace]] = {}

    def work(thread: int) -> None:
        ours = pairs if thread == 0 else pairs[::-1]
        found[thread] = [shared.ask(*pair) for pair in ours for _ in range(2)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for thread in range(2):
        ours = expected if thread == 0 else expected[::-1]
        twice = [trace for trace in ours for _ in range(2)]
        assert all(equal(a, b, 1e-6) for a, b in zip(found[thread], twice, strict=True))


def test_a_long_text_runs_with_a_note(tiny_pipeline: Pipeline, regions: Regions) -> None:
    assert tiny_pipeline.ask(regions, QUESTION).notes == ()
    trace = tiny_pipeline.ask(regions, "is the ball red " * 4)
    assert len(trace.tokens.ids) == 18
    assert len(trace.notes) == 1
    assert "18 word pieces" in trace.notes[0]
    assert "at most 12" in trace.notes[0]


def test_an_unknown_word_is_named(tiny_pipeline: Pipeline, regions: Regions) -> None:
    trace = tiny_pipeline.ask(regions, "where is the zebra?")
    assert [note for note in trace.notes if "zebra" in note] == list(trace.notes) != []


def test_another_profile_is_noted(tiny_pipeline: Pipeline, photograph: bytes) -> None:
    other = tiny_pipeline.look(photograph, "demo")
    assert other.profile == "demo"
    assert "demo" in tiny_pipeline.ask(other, QUESTION).notes[0]


def test_an_unknown_profile_lists_the_known_ones(
    tiny_pipeline: Pipeline, photograph: bytes
) -> None:
    with pytest.raises(OptionError, match="'sharp'.*trained, demo"):
        tiny_pipeline.look(photograph, "sharp")


def test_progress_never_falls_within_a_stage_and_ends_done(
    tiny_pipeline: Pipeline, photograph: bytes
) -> None:
    heard: list[tuple[str, float]] = []
    tiny_pipeline.look(photograph, progress=lambda stage, share: heard.append((stage, share)))
    assert heard
    assert all(0 <= share <= 1 for _, share in heard)
    for stage in {stage for stage, _ in heard}:
        shares = [share for own, share in heard if own == stage]
        assert shares == sorted(shares)


@pytest.mark.parametrize("text", ["", "   ", "is " * 5000])
def test_a_text_that_cannot_be_taken_is_one_sentence(
    tiny_pipeline: Pipeline, regions: Regions, text: str
) -> None:
    with pytest.raises(TextError) as raised:
        tiny_pipeline.ask(regions, text)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("device", ["tpu", "meta", "cuda:99", "", "cuda:x"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(DeviceError):
        find_device(device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused(tiny_pipeline: Pipeline) -> None:
    assert str(find_device("auto")) == tiny_pipeline.device == "cpu"
    with pytest.raises(DeviceError, match="use cpu"):
        find_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_finds_and_answers_what_the_cpu_does(
    tiny_folder: Path, tiny_pipeline: Pipeline, photograph: bytes
) -> None:
    gpu = Pipeline.open(tiny_folder, device="cuda")
    regions, same = tiny_pipeline.look(photograph), gpu.look(photograph)
    assert np.allclose(regions.boxes_unit, same.boxes_unit, atol=1e-4)
    assert np.allclose(regions.feats, same.feats, atol=1e-3)
    assert equal(tiny_pipeline.ask(regions, QUESTION), gpu.ask(regions, QUESTION), 1e-4)
