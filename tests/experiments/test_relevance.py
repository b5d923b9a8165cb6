"""Methods of relevance on a tiny random network: laws, known answers, and captum and shapiq."""

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from lxmert_viz.analysis import shapley
from lxmert_viz.analysis.regions import overlapping
from lxmert_viz.errors import CheckpointError, OptionError, TextError
from lxmert_viz.experiments import gradients, target
from lxmert_viz.experiments.relevance import METHODS, explain, explain_game, shapley_steps
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.small_game import TEXT, all_but, red


@pytest.fixture
def few(regions: Regions) -> Regions:
    return regions.only((0, 1))


def test_occlusion_is_captums_ablation_of_the_players(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    from captum.attr import FeatureAblation

    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    ours = explain(tiny_pipeline, regions, TEXT, "occlusion", red(tiny_pipeline))
    ablation = FeatureAblation(lambda rows: torch.from_numpy(game.worth(rows.numpy() > 0.5)))
    theirs = ablation.attribute(torch.ones(1, game.players))[0].numpy()
    words, seen = game.spread(theirs)
    assert ours.words == pytest.approx(words, abs=1e-5)
    assert ours.regions == pytest.approx(seen, abs=1e-5)
    assert ours.forwards == game.players + 1


def test_few_players_are_told_exactly_as_shapiq_does(tiny_pipeline: Pipeline, few: Regions) -> None:
    from shapiq import ExactComputer

    text = "a cube?"
    game = Game(tiny_pipeline, few, text, red(tiny_pipeline))
    found = explain(tiny_pipeline, few, text, "shapley", red(tiny_pipeline))
    exact = ExactComputer(lambda rows: game.worth(rows), n_players=game.players)("SV", 1)
    words, seen = game.spread(np.array([exact[(player,)] for player in range(game.players)]))
    assert found.words == pytest.approx(words, abs=1e-5)
    assert found.regions == pytest.approx(seen, abs=1e-5)
    assert found.words_interval is None and found.orders == 0


def test_sampled_values_come_to_the_exact_ones(tiny_pipeline: Pipeline, regions: Regions) -> None:
    seen = regions.only(range(4))
    game = Game(tiny_pipeline, seen, TEXT, red(tiny_pipeline))
    exact = shapley.exact(game.worth(shapley.every_coalition(game.players)), game.players)
    *_, found = shapley_steps(game, pairs=400)
    words, regions_exact = game.spread(exact)
    spread = np.abs(exact).max()
    assert np.abs(found.words - words).max() < 0.1 * spread
    assert np.abs(found.regions - regions_exact).max() < 0.1 * spread
    low, high = found.regions_interval.T
    assert ((low <= regions_exact) & (regions_exact <= high)).all()


def test_every_step_is_efficient_and_no_interval_grows(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    steps = list(shapley_steps(game, pairs=6))
    assert [step.orders for step in steps] == [2, 4, 6, 8, 10, 12]
    assert max(step.gap for step in steps) < 1e-4
    widths = [step.width for step in steps]
    assert widths == sorted(widths, reverse=True)


def test_two_equal_regions_get_the_same(tiny_pipeline: Pipeline, regions: Regions) -> None:
    twins = regions.only((3, 3))
    found = explain(tiny_pipeline, twins, "a cube?", "shapley", red(tiny_pipeline))
    assert found.regions[0] == pytest.approx(found.regions[1], abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_number_for_each_word_and_region(
    tiny_pipeline: Pipeline, regions: Regions, method: str
) -> None:
    found = explain(tiny_pipeline, regions, TEXT, method, pairs=1)
    assert (len(found.words), len(found.regions)) == (9, len(regions))
    assert np.isfinite(found.words).all() and np.isfinite(found.regions).all()
    assert found.words[0] == 0  # the state that is read owes itself nothing
    best = tiny_pipeline.ask(regions, TEXT).answers
    assert found.target.name == f"{best[0].text} rather than {best[1].text}"
    assert METHODS[method].is_signed or min(found.words.min(), found.regions.min()) >= 0
    assert (found.removal is not None) == METHODS[method].removes


@pytest.mark.parametrize("method", METHODS)
def test_permuted_regions_have_permuted_relevance(
    tiny_pipeline: Pipeline, regions: Regions, method: str
) -> None:
    if method == "shapley":
        pytest.skip("its orders are drawn by place; exact values are held to symmetry")
    order = np.random.default_rng(1).permutation(len(regions))
    one = explain(tiny_pipeline, regions, TEXT, method, red(tiny_pipeline))
    other = explain(tiny_pipeline, regions.only(order), TEXT, method, red(tiny_pipeline))
    assert other.regions == pytest.approx(one.regions[order], abs=1e-4)


def test_other_targets(tiny_pipeline: Pipeline, regions: Regions) -> None:
    matching = explain(tiny_pipeline, regions, TEXT, "occlusion", target.match(tiny_pipeline))
    logits = tiny_pipeline.score_many([(regions, TEXT)])[0].match_logits
    assert matching.value == pytest.approx(logits[1] - logits[0], abs=1e-5)
    masked = "a [MASK] cube"
    place = 2
    word = target.word(tiny_pipeline, place, "red")
    for removal in (Removal(), Removal(words="delete")):
        found = explain(tiny_pipeline, regions, masked, "occlusion", word, removal=removal)
        assert found.words[place] == 0 and found.words[1] != 0 and found.words[3] != 0
    thing = target.region_label(tiny_pipeline, "object", 4, tiny_pipeline.region_names.objects[1])
    for method in METHODS:
        found = explain(tiny_pipeline, regions, TEXT, method, thing, pairs=1)
        assert found.regions[4] == 0 or method == "integrated-gradients"
        assert np.abs(found.words).max() > 0


def test_no_regions_and_one_word(tiny_pipeline: Pipeline, regions: Regions) -> None:
    for method in METHODS:
        found = explain(tiny_pipeline, regions.only(()), "cube", method, red(tiny_pipeline))
        assert found.regions.shape == (0,) and np.isfinite(found.words).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "magic"}, "'magic' is no method; there are attention, rollout"),
        ({"target": "mauve"}, "'mauve' is no answer of this checkpoint; it has 9"),
        ({"target": "red", "against": "mauve"}, "'mauve' is no answer"),
        ({"against": "red"}, "Name the answer that 'red' is compared with"),
        ({"removal": "burn"}, "'burn' is no removal; there are slice, zero, mean"),
    ],
)
def test_what_is_not_there_is_named(
    tiny_pipeline: Pipeline, regions: Regions, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence):
        explain(tiny_pipeline, regions, TEXT, **options)


def test_a_text_without_words_and_a_head_that_is_missing(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TextError):
        explain(tiny_pipeline, regions, " ")
    monkeypatch.setattr(tiny_pipeline, "has_match", False)
    with pytest.raises(CheckpointError, match="tiny has no output head for matching"):
        target.match(tiny_pipeline)


def test_occlusion_of_an_additive_model_is_what_each_adds(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = Game(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    own = np.random.default_rng(3).normal(size=game.players)
    monkeypatch.setattr(game, "worth", lambda members, report=None: members @ own + 7)
    for method in ("occlusion", "shapley"):
        found = explain_game(game, method, pairs=1)
        assert game.gather(found.words, found.regions) == pytest.approx(own)


def test_regions_on_one_place_are_removed_together(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    """Two copies of a region hide each other from plain occlusion; together they do not."""
    twice = regions.only((*range(len(regions)), 2))
    found = explain(tiny_pipeline, twice, TEXT, "grouped-occlusion", red(tiny_pipeline))
    last, together = len(regions), np.flatnonzero(overlapping(twice.boxes_unit)[2])
    assert {2, last} <= set(together.tolist())
    game = Game(tiny_pipeline, twice, TEXT, red(tiny_pipeline))
    gone = len(game.word_places) + together
    drop = game.worth(all_but(game))[0] - game.worth(all_but(game, *gone))[0]
    assert found.regions[[2, last]] == pytest.approx([drop, drop], abs=1e-5)
    alone = explain(tiny_pipeline, twice, TEXT, "occlusion", red(tiny_pipeline))
    assert found.words == pytest.approx(alone.words, abs=1e-6)


def test_two_visitors_with_different_targets_at_once(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    names = ("red", "blue", "ball", "cube")
    alone = {
        (name, method): explain(tiny_pipeline, regions, TEXT, method, name)
        for name in names
        for method in METHODS
    }
    with ThreadPoolExecutor(4) as visitors:
        asked = {
            key: visitors.submit(explain, tiny_pipeline, regions, TEXT, key[1], key[0])
            for key in alone
        }
        for key, own in alone.items():
            found = asked[key].result()
            assert found.regions == pytest.approx(own.regions, abs=1e-5), key
            assert found.words == pytest.approx(own.words, abs=1e-5), key


@pytest.fixture(scope="module")
def long_pipeline(tiny_pipeline: Pipeline) -> Pipeline:
    """The tiny network with places for as many words as the published one has."""
    network = copy.deepcopy(tiny_pipeline.network)
    network.config = replace(network.config, max_position_embeddings=512)
    network.lxmert.config = network.config
    embeddings = network.lxmert.embeddings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        embeddings.position_embeddings = torch.nn.Embedding(512, network.config.hidden_size)
    return tiny_pipeline.with_network(network)


@pytest.mark.parametrize("method", ("attention", "rollout", "value-norm", "bimodal"))
def test_512_words_and_100_regions(long_pipeline: Pipeline, regions: Regions, method: str) -> None:
    many = regions.only([place % len(regions) for place in range(100)])
    found = explain(long_pipeline, many, " ".join(["cube"] * 510), method, "red", "blue")
    assert (len(found.words), len(found.regions)) == (512, 100)
    assert np.isfinite(found.words).all() and np.isfinite(found.regions).all()
    with pytest.raises(TextError, match="512"):
        explain(long_pipeline, many, " ".join(["cube"] * 511), method, "red", "blue")


def test_a_path_of_512_words_and_100_regions(long_pipeline: Pipeline, regions: Regions) -> None:
    many = regions.only([place % len(regions) for place in range(100)])
    asked = red(long_pipeline)
    words, seen, *_ = gradients.along_path(
        long_pipeline, many, " ".join(["cube"] * 510), asked, steps=2
    )
    assert (len(words), len(seen)) == (512, 100)
    assert np.isfinite(words).all() and np.isfinite(seen).all()


def test_removing_of_512_words_and_100_regions_is_heard_and_may_be_stopped(
    long_pipeline: Pipeline, regions: Regions
) -> None:
    """All 611 removals take a minute or more; what is not bounded is time, so it can be stopped."""

    class Enough(Exception):
        pass

    def stop(stage: str, share: float) -> None:
        heard.append((stage, share))
        if share > 0:
            raise Enough

    many = regions.only([place % len(regions) for place in range(100)])
    for method in ("occlusion", "grouped-occlusion", "shapley"):
        heard: list[tuple[str, float]] = []
        with pytest.raises(Enough):
            explain(
                long_pipeline, many, " ".join(["cube"] * 510), method, "red", "blue", report=stop
            )
        assert "removal 1 of " in heard[0][0] and len(heard) == 2


@pytest.mark.parametrize("method", METHODS)
def test_the_most_words_and_regions(tiny_pipeline: Pipeline, regions: Regions, method: str) -> None:
    longest = tiny_pipeline.network.config.max_position_embeddings
    text = " ".join(["cube"] * (longest - 2))
    many = regions.only([place % len(regions) for place in range(100)])
    found = explain(tiny_pipeline, many, text, method, "red", "blue", pairs=1)
    assert (len(found.words), len(found.regions)) == (longest, 100)
    assert np.isfinite(found.words).all() and np.isfinite(found.regions).all()


def test_a_text_that_is_too_long_is_one_sentence(tiny_pipeline: Pipeline, regions: Regions) -> None:
    with pytest.raises(TextError):
        explain(
            tiny_pipeline, regions, "cube " * tiny_pipeline.network.config.max_position_embeddings
        )
