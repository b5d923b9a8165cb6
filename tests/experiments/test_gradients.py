"""Gradients of a target: zeros where they must be, finite differences, and captum."""

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from lxmert_viz.experiments import gradients, target
from lxmert_viz.experiments.removal import Game
from lxmert_viz.model.layers import Attention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.small_game import TEXT, all_but, red


def test_the_regions_side_of_the_last_layer_has_no_gradient(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    maps, slopes = gradients.of_maps(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    for name in ("vision_from_lang", "cross_vision"):
        assert not slopes[name][-1].any() and slopes[name][:-1].any()
    assert slopes["lang_from_vision"][-1].any()
    trace = tiny_pipeline.ask(regions, TEXT)
    for name, own in trace.attention.items():
        assert maps[name] == pytest.approx(own, abs=1e-6)


def test_gradients_along_the_path_are_those_of_captum(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    from captum.attr import IntegratedGradients

    from lxmert_viz.model.files.loading import base_of

    asked, base = red(tiny_pipeline), base_of(tiny_pipeline.network)
    words, seen, first, last = gradients.along_path(tiny_pipeline, regions, TEXT, asked)
    game = Game(tiny_pipeline, regions, TEXT, asked)
    nothing = replace(regions, feats=np.zeros_like(regions.feats))
    with torch.no_grad():
        start = gradients.entering(
            tiny_pipeline, base, nothing, game.without_words(np.zeros(len(game.word_places), bool))
        )
        end = gradients.entering(tiny_pipeline, base, regions, game.tokens)
    reference = IntegratedGradients(
        lambda lang, vision: gradients.value(tiny_pipeline, base, asked, lang, vision)
    ).attribute(end, start, n_steps=gradients.STEPS, method="riemann_middle")
    theirs = [found.sum(-1)[0].numpy() for found in reference]
    assert words == pytest.approx(theirs[0], abs=1e-5)
    assert seen == pytest.approx(theirs[1], abs=1e-5)
    assert words[[0, -1]].tolist() == [0, 0]  # [CLS] and [SEP] stay as they are
    assert last == pytest.approx(game.worth(all_but(game))[0], abs=1e-5)
    assert first != last


def test_the_path_is_complete_with_steps_enough(tiny_pipeline: Pipeline, regions: Regions) -> None:
    words, seen, first, last = gradients.along_path(
        tiny_pipeline, regions, TEXT, red(tiny_pipeline), steps=256
    )
    assert words.sum() + seen.sum() == pytest.approx(last - first, rel=0.01)


def test_gradients_of_maps_are_those_of_finite_differences(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    """In double precision: one weight of a map is moved, and all that follows computed again."""
    asked, network = red(tiny_pipeline), copy.deepcopy(tiny_pipeline.network).double()
    exact = tiny_pipeline.with_network(network)
    maps, slopes = gradients.of_maps(exact, regions, TEXT, asked)
    draw = np.random.default_rng(0)
    for name in ("lang", "vision", "lang_from_vision", "vision_from_lang", "cross_lang"):
        layer = 0
        for _ in range(3):
            place = tuple(draw.integers(size) for size in maps[name].shape[1:])
            moved = [
                with_weight_moved(exact, regions, asked, name, layer, place, by)
                for by in (1e-4, -1e-4)
            ]
            found = (moved[0] - moved[1]) / 2e-4
            assert slopes[name][layer][place] == pytest.approx(found, rel=1e-3, abs=1e-7), name


def with_weight_moved(
    pipeline: Pipeline,
    regions: Regions,
    asked: target.Target,
    name: str,
    layer: int,
    place: tuple[int, ...],
    by: float,
) -> float:
    """The target where one weight of one map is another; what is shared is told apart by calls."""
    encoder = pipeline.network.lxmert.encoder
    module, call = {
        "lang": (encoder.layer[layer].attention.self, 0),
        "vision": (encoder.r_layers[layer].attention.self, 0),
        "lang_from_vision": (encoder.x_layers[layer].visual_attention.att, 0),
        "vision_from_lang": (encoder.x_layers[layer].visual_attention.att, 1),
        "cross_lang": (encoder.x_layers[layer].lang_self_att.self, 0),
    }[name]
    calls = itertools.count()

    def moved(own: Attention, given: tuple[Tensor, ...], out: tuple[Tensor, Tensor]) -> object:
        if next(calls) != call:
            return None
        context, weights = out
        _, keys, *_ = given
        value = own.split_heads(own.value(keys))[0, place[0], place[2]]  # of one head: (D/H,)
        change = torch.zeros_like(context)
        size = value.shape[0]
        change[0, place[1], place[0] * size : (place[0] + 1) * size] = by * value
        return context + change, weights

    handle = module.register_forward_hook(moved)
    try:
        return worth_of(pipeline, regions, asked)
    finally:
        handle.remove()


def worth_of(pipeline: Pipeline, regions: Regions, asked: target.Target) -> float:
    rows = pipeline.rows([(regions, TEXT)])
    with torch.no_grad():
        out = pipeline.network.lxmert(
            **pipeline.inputs.of_words([rows[0][1]]), **pipeline.inputs.of_regions([regions])
        )
        places = np.array([asked.place])
        return asked.logits(pipeline, out.language_output, out.vision_output, places).item()
