"""How the cost of one question grows with words, regions, batch and layers, beside what its
multiplications alone would take, and reading its weights.

python -m benchmarks.growth [--rounds N] [--threads N] [--out growth.html]

Prints a JSON object a point. One limit is the time of a forward's products at the rate of one large
product on this machine, the other that of reading all weights once at the rate of one large sum.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch import nn

from benchmarks.comparing import machine
from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertModel

LARGE = 1024  # rows and columns of the product whose rate is the limit
LONG = 50_000_000  # numbers of the sum, which no cache holds
COLOURS = ("#0072b2", "#d55e00", "#009e73")


@dataclass(frozen=True)
class Shape:
    """Of one forward with all maps and states, without heads."""

    words: int = 20
    regions: int = 36
    batch: int = 1
    layers: int = 5  # of the cross-modality encoder


@dataclass(frozen=True)
class Point:
    along: str
    at: int
    seconds: float  # of the processor, median
    billions: float  # of multiplications and additions
    limit: float  # seconds for them alone
    reading: float  # seconds for reading the weights once


CURVES = {
    "words": (1, 8, 20, 64, 128, 256, 512),
    "regions": (1, 10, 36, 100, 200, 400),
    "batch": (1, 2, 4, 8, 16),
    "layers": (1, 2, 3, 4, 5),
}


def operations(config: LxmertConfig, shape: Shape) -> float:
    """Multiplications and additions of all products, in 1e9."""
    d, f = config.hidden_size, config.intermediate_size
    t, r = shape.words, shape.regions

    def attention(queries: int, keys: int) -> int:
        return 2 * (queries + keys) * d * d + 2 * queries * keys * d

    def own(rows: int) -> int:
        return attention(rows, rows) + 2 * rows * d * f

    regions = r * (config.visual_feat_dim + config.visual_pos_dim) * d
    encoders = config.l_layers * own(t) + config.r_layers * own(r)
    crossing = shape.layers * (attention(t, r) + attention(r, t) + own(t) + own(r))
    return 2e-9 * shape.batch * (regions + encoders + crossing + d * d)


def points(
    config: LxmertConfig, curves: dict[str, tuple[int, ...]], rounds: int
) -> Iterator[Point]:
    rate, each = _rate(rounds), _reading(rounds)
    network = LxmertModel(config).eval()
    layers = network.encoder.x_layers
    for along, places in curves.items():
        for at in places:
            shape = replace(Shape(layers=config.x_layers), **{along: at})
            network.encoder.x_layers = layers[: shape.layers]
            billions = operations(config, shape)
            seconds = _seconds(_forward(network, shape), rounds)
            weights = sum(w.numel() for part in _read(network) for w in part.parameters())
            yield Point(along, at, seconds, round(billions, 4), billions / rate, weights * each)


def _forward(network: LxmertModel, shape: Shape) -> Callable[[], object]:
    config = network.config
    ids = torch.randint(1, config.vocab_size, (shape.batch, shape.words))
    feats = torch.rand(shape.batch, shape.regions, config.visual_feat_dim)
    boxes = torch.rand(shape.batch, shape.regions, config.visual_pos_dim)
    return lambda: network(ids, feats, boxes, output_attentions=True, output_hidden_states=True)


def _rate(rounds: int) -> float:
    """1e9 a second of one large product."""
    one = torch.rand(LARGE, LARGE)
    return 2e-9 * LARGE**3 / _seconds(lambda: one @ one, max(rounds, 3))


def _reading(rounds: int) -> float:
    """Seconds a number of a long sum."""
    numbers = torch.rand(LONG)
    return _seconds(numbers.sum, max(rounds, 3)) / LONG


def _read(network: LxmertModel) -> tuple[nn.Module, ...]:
    """What is read whole; of the words' vectors only a few are."""
    return network.encoder, network.pooler


@torch.inference_mode()
def _seconds(call: Callable[[], object], rounds: int) -> float:
    call()
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        spent.append(time.process_time() - began)
    return median(spent)


def figure(found: list[Point]) -> go.Figure:
    names = list(dict.fromkeys(point.along for point in found))
    drawn = make_subplots(1, len(names), subplot_titles=names)
    for column, name in enumerate(names, start=1):
        own = [point for point in found if point.along == name]
        at = [point.at for point in own]
        for (label, values), colour in zip(_lines(own).items(), COLOURS, strict=True):
            how = {"name": label, "line_color": colour, "showlegend": column == 1}
            drawn.add_scatter(x=at, y=values, row=1, col=column, **how)
    drawn.update_yaxes(rangemode="tozero")
    drawn.update_yaxes(title_text="ms of the processor", col=1)
    drawn.update_layout(legend={"orientation": "h", "y": -0.15}, template="simple_white")
    return drawn


def _lines(own: list[Point]) -> dict[str, list[float]]:
    """In milliseconds."""
    return {
        "one forward": [point.seconds * 1000 for point in own],
        "its products at the rate of a large one": [point.limit * 1000 for point in own],
        "reading its weights once": [point.reading * 1000 for point in own],
    }


def main(arguments: list[str] | None = None, config: LxmertConfig | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, metavar="FILE.html")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    found = []
    for point in points(config or LxmertConfig(), CURVES, options.rounds):
        found.append(point)
        print(json.dumps(asdict(point) | {"machine": machine()}), flush=True)
    if options.out:
        figure(found).write_html(options.out, include_plotlyjs=True)


if __name__ == "__main__":
    main()
