"""Curves of cost: the operations are those that torch counts, and every point is measured."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.growth import CURVES, Shape, figure, operations, points
from lxmert_viz.model.lxmert import LxmertModel
from tests.helpers.small_networks import small_config


@pytest.mark.parametrize("shape", [Shape(7, 5, 1, 2), Shape(1, 9, 3, 2)])
def test_operations_are_those_that_torch_counts(shape: Shape) -> None:
    config = small_config()
    network = LxmertModel(config).eval()
    feats = torch.rand(shape.batch, shape.regions, config.visual_feat_dim)
    boxes = torch.rand(shape.batch, shape.regions, 4)
    ids = torch.ones(shape.batch, shape.words, dtype=torch.long)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(ids, feats, boxes)
    assert operations(config, shape) * 1e9 == pytest.approx(counter.get_total_flops())


def test_every_curve_has_its_points_and_its_limit() -> None:
    config = small_config()
    curves = {name: places[:2] for name, places in CURVES.items()}
    found = list(points(config, curves, rounds=1))
    assert [(p.along, p.at) for p in found] == [(n, at) for n, of in curves.items() for at in of]
    assert all(point.seconds > 0 and point.limit > 0 for point in found)
    assert [p.reading for p in found if p.along == "layers"][0] < found[0].reading
    growing = [p.billions for p in found if p.along == "regions"]
    assert growing == sorted(growing)
    drawn = figure(found)
    assert len(drawn.data) == 3 * len(curves)
    assert list(drawn.data[0].x) == list(curves["words"])
