from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from lxmert_viz.detector.selection import Detections
from lxmert_viz.errors import CheckpointError
from lxmert_viz.miniature.training import training
from lxmert_viz.miniature.training.checkpoint import learn_on
from lxmert_viz.miniature.training.evaluation import Tally
from lxmert_viz.miniature.training.lessons import (
    BATCH,
    POOL,
    Lesson,
    Lessons,
    collate,
    make_example,
    unflatten,
)
from lxmert_viz.miniature.training.log import TrainingLog
from lxmert_viz.miniature.training.masking import IGNORED, mask_regions, mask_words
from lxmert_viz.miniature.training.muon import LIKE_ADAM, Muon, orthogonal
from lxmert_viz.miniature.training.sightings import Sighting, owners
from lxmert_viz.miniature.world.questions import answer_names
from lxmert_viz.miniature.world.scenes import PICTURE_SIZE, make_scene
from lxmert_viz.miniature.world.views import View
from lxmert_viz.miniature.world.wording import word_pieces
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.model.tokenizer import LxmertTokenizer

TOKENIZER = LxmertTokenizer(word_pieces())
WHOLE = Lesson(1.0, 8, whole=1.0)


def perfect_sighting(seed: int) -> Sighting:
    """Every object seen once; its labels written into its features."""
    view = View.of(make_scene(seed))
    count, size = len(view.objects), training.CONFIG.visual_feat_dim
    spots = np.array(view.spots, np.float32)
    shapes = np.array([o.shape_label for o in view.objects])
    attributes = np.array([o.attribute_label for o in view.objects])
    feats = np.zeros((count, size), np.float32)
    feats[np.arange(count), shapes] = 5
    feats[np.arange(count), 5 + attributes] = 5
    ones = np.ones(count, np.float32)
    boxes = np.clip(np.concatenate([spots - 0.05, spots + 0.02], 1), 0, 1).astype(np.float32)
    regions = Detections(
        boxes_unit=boxes,
        feats=feats,
        object_ids=shapes,
        scores=ones,
        attribute_ids=attributes,
        attribute_scores=ones,
    )
    return Sighting(view, regions, np.arange(count))


@pytest.fixture(scope="module")
def sightings() -> list[Sighting]:
    return [perfect_sighting(seed) for seed in range(20)]


def test_words_are_masked_at_the_published_rates() -> None:
    random = np.random.default_rng(0)
    ids = random.integers(10, 90, (400, 50))
    special = np.zeros_like(ids, bool)
    special[:, 0] = True
    masked, labels = mask_words(ids, special, 4, 90, random)
    chosen = labels != IGNORED
    assert not chosen[:, 0].any()
    assert chosen[:, 1:].mean() == pytest.approx(0.15, abs=0.01)
    assert (labels[chosen] == ids[chosen]).all()
    assert (masked[~chosen] == ids[~chosen]).all()
    assert (masked[chosen] == 4).mean() == pytest.approx(0.8, abs=0.02)
    assert (masked[chosen] == ids[chosen]).mean() == pytest.approx(0.1, abs=0.02)


def test_masked_regions_lose_their_features_and_padding_is_never_chosen() -> None:
    random = np.random.default_rng(0)
    feats = random.random((300, 12, 6)).astype(np.float32) + 1
    real = np.ones((300, 12), bool)
    real[:, 9:] = False
    masked, chosen = mask_regions(feats, real, random)
    assert not chosen[:, 9:].any()
    assert chosen[:, :9].mean() == pytest.approx(0.15, abs=0.02)
    assert (masked[~chosen] == feats[~chosen]).all()
    assert (masked[chosen] == 0).all(-1).mean() == pytest.approx(0.8, abs=0.04)


def test_a_lesson_shows_at_most_its_objects_and_asks_about_these_alone(
    sightings: list[Sighting],
) -> None:
    random = Random(0)
    for _ in range(60):
        example = make_example(sightings, Lesson(1.0, 3), random)
        assert 2 <= len(example.regions) <= 3
    whole = make_example(sightings, WHOLE, random)
    assert len(whole.regions) == len(whole.sighting.object_of)


def test_questions_carry_an_answer_and_captions_a_match_but_never_both(
    sightings: list[Sighting],
) -> None:
    examples = [make_example(sightings, WHOLE, Random(i)) for i in range(200)]
    for e in examples:
        assert (e.answer == IGNORED) != (e.matched == IGNORED)
        assert e.answer < len(answer_names())
    captions = [e.matched for e in examples if e.matched != IGNORED]
    assert 0.3 < np.mean(captions) < 0.7
    assert 0.2 < len(captions) / len(examples) < 0.4


def test_batches_are_the_same_for_the_same_seed_and_pool(sightings: list[Sighting]) -> None:
    first, again = (Lessons(sightings, TOKENIZER, 40, seed=5)[3] for _ in range(2))
    other = Lessons(sightings, TOKENIZER, 40, seed=6)[3]
    assert len(first) == POOL
    for ours, theirs in zip(first, again, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert all(torch.equal(a[k], b[k]) for k in a)
    assert first[0][0]["input_ids"].tolist() != other[0][0]["input_ids"].tolist()


def test_pictures_of_a_batch_have_about_as_many_regions(sightings: list[Sighting]) -> None:
    batches = Lessons(sightings, TOKENIZER, 40, seed=5)[4]
    for parts in batches:
        assert sum(len(part["ans"]) for part in parts) == BATCH
        short, long = (part["input_ids"].shape[1] for part in parts)
        assert short <= long
    real = [part["visual_attention_mask"] for parts in batches for part in parts]
    assert sum(mask.sum() for mask in real) / sum(mask.numel() for mask in real) > 0.85


def test_padding_regions_are_masked_and_weigh_nothing(sightings: list[Sighting]) -> None:
    examples = [make_example(sightings, WHOLE, Random(i)) for i in range(30)]
    batch = collate(examples, TOKENIZER, np.random.default_rng(0))
    hidden = batch["visual_attention_mask"] == 0
    assert hidden.any()
    for name in ("obj_weight", "attr_weight", "feat_weight"):
        assert (batch[name][hidden] == 0).all()
    assert set(unflatten(batch)["obj_labels"]) == {"obj", "attr", "feat"}


def test_training_goes_on_after_a_kill_as_if_nothing_had_happened(
    sightings: list[Sighting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lxmert_viz.miniature.training.lessons.BATCH", 8)
    monkeypatch.setattr("lxmert_viz.miniature.training.lessons.POOL", 2)
    monkeypatch.setattr(training, "POOL", 2)
    monkeypatch.setattr(training, "SAVE_EVERY", 1)

    def train(folder: str, stop_after: int | None) -> dict[str, torch.Tensor]:
        (tmp_path / folder).mkdir(exist_ok=True)
        log = TrainingLog(tmp_path / folder / "log.csv")
        if stop_after is not None:
            done = iter(range(stop_after))
            monkeypatch.setattr(log, "step", lambda *_: next(done))
        checkpoint = tmp_path / folder / "lxmert.pt"
        return training.train_lxmert(sightings, TOKENIZER, 4, 1, log, checkpoint).state_dict()

    whole = train("whole", None)
    with pytest.raises(StopIteration):
        train("broken", stop_after=3)  # killed in step 4, after the checkpoint of the first pool
    threads = torch.get_num_threads()
    resumed = train("broken", None)
    assert torch.get_num_threads() == threads
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert (tmp_path / "whole" / "log.csv").read_text().count("loss") == 1


def test_orthogonal_matrices_keep_their_directions_and_lose_their_sizes() -> None:
    torch.manual_seed(0)
    for rows, columns in ((16, 16), (16, 48), (48, 16)):
        left, _, right = torch.linalg.svd(torch.randn(2, rows, columns), full_matrices=False)
        sizes = torch.linspace(1, 9, min(rows, columns))
        found = orthogonal(left @ torch.diag(sizes) @ right)
        assert torch.linalg.svdvals(found).sub(1).abs().max() < 0.2
        torch.testing.assert_close(
            torch.diagonal(left.mT @ found @ right.mT, dim1=-2, dim2=-1),
            torch.linalg.svdvals(found).flip(-1),
            atol=0.35,
            rtol=0,
        )


def test_muon_goes_the_same_distance_along_every_direction_of_a_gradient() -> None:
    matrix = torch.nn.Parameter(torch.zeros(4, 4))
    optimizer = Muon([matrix], lr=0.1, weight_decay=0.0)
    matrix.grad = torch.diag(torch.tensor([1.0, -1.0, 0.5, 0.8]))
    optimizer.step()
    step = 0.1 * LIKE_ADAM * 2  # rate x size of an entry x root of the 4 rows
    torch.testing.assert_close(
        matrix.detach(),
        torch.diag(torch.tensor([-step, step, -step, -step])),
        atol=0.2 * step,
        rtol=0,
    )


def test_learning_on_keeps_what_the_earlier_one_knew_of_each_word(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pieces = word_pieces()
    fewer = pieces[:60] + pieces[61:]
    earlier = LxmertForPreTraining(replace(training.CONFIG, vocab_size=len(fewer)))
    earlier.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(fewer) + "\n")
    begun = learn_on(tmp_path)
    ours, theirs = (n.lxmert.embeddings.word_embeddings.weight for n in (begun, earlier))
    assert torch.equal(ours[:60], theirs[:60])
    assert torch.equal(ours[61:], theirs[60:])
    assert torch.equal(begun.answer_head.logit_fc[3].weight, earlier.answer_head.logit_fc[3].weight)

    LxmertForPreTraining(replace(training.CONFIG, num_qa_labels=3)).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="another network"):
        learn_on(tmp_path)


def test_a_region_belongs_to_the_object_that_it_covers_by_half() -> None:
    width, height = PICTURE_SIZE
    boxes_px = np.array([[0, 0, 100, 100], [200, 200, 300, 300]], np.float32)
    regions_px = np.array(
        [[0, 0, 100, 60], [0, 0, 100, 40], [205, 205, 300, 300], [400, 0, 450, 50]], np.float32
    )
    scale = np.array([width, height, width, height], np.float32)
    assert owners(regions_px / scale, boxes_px).tolist() == [0, -1, 1, -1]


def test_wilson_interval_has_the_published_numbers() -> None:
    # 81 of 263, the worked example of Newcombe 1998: 0.2553 to 0.3662
    low, high = Tally(81, 263).interval()
    assert (low, high) == (pytest.approx(0.2553, abs=2e-4), pytest.approx(0.3662, abs=2e-4))
