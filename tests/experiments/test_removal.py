"""The worth of coalitions on a tiny network: what removals are, and what is computed once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lxmert_viz.experiments import removal as room
from lxmert_viz.experiments import target
from lxmert_viz.experiments.removal import Game, Removal, first_word
from lxmert_viz.model.packed import packed
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.small_game import TEXT, all_but, red


def test_everybody_is_worth_what_the_network_says(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    assert game.worth(all_but(game))[0] == pytest.approx(
        margin(tiny_pipeline, regions, TEXT), abs=1e-5
    )


def test_removals_are_what_they_are_called(tiny_pipeline: Pipeline, regions: Regions) -> None:
    place, count = 2, len(regions)
    left = [p for p in range(count) if p != place]
    feats = regions.feats.copy()
    zeroed, mean = feats.copy(), feats.copy()
    zeroed[place], mean[place] = 0, feats.mean(axis=0)
    edited = {
        Removal("slice"): (regions.only(left), TEXT),
        Removal("zero"): (replace(regions, feats=zeroed), TEXT),
        Removal("mean"): (replace(regions, feats=mean), TEXT),
    }
    for removal, pair in edited.items():
        game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline), removal)
        found = game.worth(all_but(game, len(game.word_places) + place))[0]
        assert found == pytest.approx(margin(tiny_pipeline, *pair), abs=1e-5), removal
    texts = {"mask": "what [MASK] is the large cube?", "delete": "what is the large cube?"}
    for words, text in texts.items():
        game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline), Removal(words=words))
        at = game.word_places.index(game.tokens.pieces.index("color"))
        assert game.worth(all_but(game, at))[0] == pytest.approx(
            margin(tiny_pipeline, regions, text), abs=1e-5
        )


@pytest.mark.parametrize("removal", [Removal(), Removal("zero", "delete"), Removal("mean")])
def test_a_batch_of_coalitions_equals_each_alone(
    tiny_pipeline: Pipeline, regions: Regions, removal: Removal
) -> None:
    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline), removal)
    members = np.random.default_rng(0).random((12, game.players)) < 0.5
    members[3] = False  # nobody: no region at all
    each = np.array([game.worth(row[None])[0] for row in members])
    assert game.worth(members) == pytest.approx(each, abs=1e-4)


def test_equal_coalitions_are_asked_once(tiny_pipeline: Pipeline, regions: Regions) -> None:
    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    found = game.worth(np.repeat(all_but(game), 5, axis=0))
    assert game.forwards == 1 and len(set(found.tolist())) == 1


def test_another_target_takes_no_forward_where_the_same_state_is_read(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    occluded = ~np.eye(game.players, dtype=bool)
    game.worth(occluded)
    matching = target.match(tiny_pipeline)
    other = game.about(matching)
    alone = Game(tiny_pipeline, regions, TEXT, matching)
    assert other.worth(occluded) == pytest.approx(alone.worth(occluded), abs=1e-5)
    assert (other.forwards, alone.forwards) == (0, game.players)
    thing = target.region_label(tiny_pipeline, "object", 4, tiny_pipeline.region_names.objects[1])
    elsewhere = game.about(thing)
    everybody = np.ones((1, elsewhere.players), bool)
    assert elsewhere.worth(everybody) == pytest.approx(
        Game(tiny_pipeline, regions, TEXT, thing).worth(everybody), abs=1e-5
    )
    assert elsewhere.forwards == 1


def test_a_named_place_moves_up_with_those_before_it(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    thing = target.region_label(tiny_pipeline, "object", 3, tiny_pipeline.region_names.objects[1])
    game = Game(tiny_pipeline, regions, TEXT, thing)
    at = len(game.word_places)  # the first region
    left = regions.only(range(1, len(regions)))
    moved = Game(tiny_pipeline, left, TEXT, replace(thing, place=2))
    assert game.worth(all_but(game, at)) == pytest.approx(moved.worth(all_but(moved)), abs=1e-5)


def margin(pipeline: Pipeline, regions: Regions, text: str) -> float:
    logits = pipeline.score_many([(regions, text)])[0].answer_logits
    known = pipeline.answer_vocabulary
    return float(logits[known.index("red")] - logits[known.index("blue")])


def test_the_first_word_is_told_without_what_it_does_not_read(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    inputs, base = tiny_pipeline.inputs, tiny_pipeline.network.lxmert
    rows = tiny_pipeline.rows([(regions, TEXT), (regions.only((0, 1)), "a cube?")])
    with torch.no_grad():
        lang = base.encode_language(**inputs.of_words([tokens for _, tokens in rows]))
        vision = base.encode_vision(**inputs.of_regions([seen for seen, _ in rows]))
        whole, _, _ = base.cross(lang, vision)
        assert first_word(base, lang, vision).numpy() == pytest.approx(
            whole[:, 0].numpy(), abs=1e-5
        )


def test_a_large_network_is_laid_out_once_and_says_the_same(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    members = np.random.default_rng(1).random((9, usual.players)) < 0.5
    made: list[object] = []
    monkeypatch.setattr(room, "PACKED_FROM", 0)
    monkeypatch.setattr(room, "PACKED", {})
    monkeypatch.setattr(room, "MANY", 2)
    monkeypatch.setattr(room, "packed", lambda *a: made.append(packed(*a)) or made[-1])
    for number in range(2):
        game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
        game.worth(all_but(game))
        assert len(made) == number  # one alone would not pay
        assert game.worth(members) == pytest.approx(usual.worth(members), abs=1e-5)
    assert len(made) == 1
