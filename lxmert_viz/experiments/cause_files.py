"""An experiment as a file that can be sent and run again, with the figures that it gave.

JSON: what was done (`kind`, `options`), to which target, on which texts and regions, from which
seed, with which checkpoint (by its content) and versions, and the table that came out. Arrays are
base64 of little-endian bytes, with their type and shape.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from lxmert_viz.analysis import flow as graphs
from lxmert_viz.errors import LxmertVizError, OptionError
from lxmert_viz.experiments import (
    atlas,
    cause_form,
    counterfactuals,
    edges,
    flow,
    flow_attribution,
    head_means,
    head_slots,
    patching,
    steering,
)
from lxmert_viz.experiments import surgery as operations
from lxmert_viz.experiments.edges import Edge
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.patching import Asked
from lxmert_viz.experiments.target import Target
from lxmert_viz.forms import fits
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from lxmert_viz.traces import versions

FORMAT = 1
SAME = 1e-4  # logits and shares, within which figures are the same on another machine
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """What is done to which examples; the first is the clean one where there are two."""

    kind: str  # of KINDS
    target: Target
    examples: tuple[Asked, ...]
    options: Options
    seed: int = 0


def run(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    """The experiment's figures. Raises OptionError for a kind or options that are not there."""
    if cause.kind not in KINDS:
        raise OptionError(f"{cause.kind!r} is no experiment; there are {', '.join(KINDS)}.")
    needed = EXAMPLES.get(cause.kind, (1,))
    if len(cause.examples) not in needed:
        told = " or ".join(str(count) for count in needed)
        raise OptionError(
            f"{cause.kind} is of {told} examples, and here are {len(cause.examples)}."
        )
    cause_form.check_options(cause.kind, cause.options)
    for seen, text in cause.examples:
        words = len(pipeline.tokenizer.read(text).ids)
        cause_form.check_target(pipeline, cause.target, words, len(seen))
    return KINDS[cause.kind](pipeline, cause)


def written(pipeline: Pipeline, cause: Cause, figures: pd.DataFrame) -> str:
    """The file's text."""
    return json.dumps(
        {
            "format": FORMAT,
            "kind": cause.kind,
            "options": dict(cause.options),
            "seed": cause.seed,
            "model": pipeline.name,
            "digest": pipeline.digest,
            "versions": versions(),
            "target": asdict(cause.target),
            "examples": [{"text": text, "regions": _told(seen)} for seen, text in cause.examples],
            "figures": json.loads(figures.to_json(orient="records", double_precision=10)),
        },
        ensure_ascii=False,
        indent=1,
    )


def read(content: str) -> tuple[dict[str, Any], Cause, pd.DataFrame]:
    """All of the file's words, the experiment, and the figures that it gave. Raises OptionError."""
    try:
        told = json.loads(content)
        if told["format"] != FORMAT:
            raise OptionError(
                f"This file has the format {told['format']!r}, and this version reads {FORMAT}."
            )
        target = cause_form.checked_target(told["target"])
        examples = tuple((_regions(one["regions"]), one["text"]) for one in told["examples"])
        cause = Cause(told["kind"], target, examples, told["options"], told["seed"])
        figures = pd.DataFrame(told["figures"])
        plain = (*(text for _, text in examples), cause.kind, told["model"], told["digest"])
        if not fits(plain, tuple[str, ...]) or not fits(cause.seed, int) or cause.seed < 0:
            raise ValueError("texts and numbers are not where they should be")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, LxmertVizError):
            raise
        raise OptionError(
            f"This is no file of an experiment, or it is damaged ({type(error).__name__}: {error})."
        ) from error
    return told, cause, figures


def check_model(pipeline: Pipeline, told: Mapping[str, Any]) -> None:
    """Raises OptionError where the file was made with another checkpoint."""
    if pipeline.digest != told["digest"]:
        raise OptionError(
            f"This experiment was made with {told['model']} ({told['digest'][:12]}), and "
            f"{pipeline.name} ({pipeline.digest[:12]}) is another checkpoint: name the right one "
            "with --model."
        )


def difference(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """The largest difference of two tables' numbers. Raises OptionError for unlike tables."""
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        raise OptionError(
            f"The file has {len(other)} rows of figures and now there are {len(one)}: another "
            "version of this tool made it."
        )
    numbers = one.select_dtypes("number").columns
    if not len(numbers) or not len(one):
        return 0.0
    try:
        apart = one[numbers].to_numpy(float) - other[numbers].to_numpy(float)
    except (TypeError, ValueError) as error:
        raise OptionError(f"The file has figures that are no numbers: {error}.") from error
    return float(np.nanmax(np.abs(apart), initial=0.0))


def _atlas(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    ((seen, text),) = cause.examples
    off = cause.options.get("off", atlas.ZERO)
    given = _means(pipeline, cause.options)
    found = atlas.atlas(pipeline, seen, text, cause.target, off, given=given)
    return atlas_table(pipeline, found)


def atlas_table(pipeline: Pipeline, found: atlas.Atlas) -> pd.DataFrame:
    """A row a head."""
    slots = head_slots.slots(pipeline.network.config)
    named = {
        name: head_slots.flat(getattr(found, name)) for name in atlas.RANKINGS if name != "random"
    }
    return pd.DataFrame({"head": [slot.name for slot in slots], **named})


def _surgery(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    ((seen, text),) = cause.examples
    heads = [Slot(*slot) for slot in cause.options["heads"]]
    off = cause.options.get("off", atlas.ZERO)
    return surgery_table(
        operations.operate(
            pipeline,
            seen,
            text,
            cause.target,
            heads,
            off,
            cause.seed,
            _means(pipeline, cause.options),
        )
    )


def _means(pipeline: Pipeline, options: Options) -> atlas.Means | None:
    """Over a set, where the file has them."""
    told = options.get("means")
    return None if told is None else head_means.read(told).of(pipeline)


def surgery_table(found: operations.Surgery) -> pd.DataFrame:
    """Before, after, and every control."""
    rows = [("with every head", found.before), ("without the chosen heads", found.after)]
    rows += [(f"random set {n + 1}", value) for n, value in enumerate(found.controls)]
    return pd.DataFrame(rows, columns=["run", "target"])


def _edges(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    ((seen, text),) = cause.examples
    asked = [
        Edge(e["name"], e["family"], *(_places(e.get(side)) for side in ("queries", "keys")))
        for e in cause.options["edges"]
    ]
    return edges_table(edges.curves(pipeline, seen, text, asked, cause.options.get("width", 1)))


def edges_table(found: edges.Curves) -> pd.DataFrame:
    """A row an edge and layer."""
    return pd.DataFrame(
        [
            (edge, layer + 1, found.change[row, layer], bool(found.flips[row, layer]))
            for row, edge in enumerate(found.edges)
            for layer in range(found.change.shape[1])
        ],
        columns=["edge", "layer", "change_percent", "flips"],
    )


def _patching(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    both = patching.pair(pipeline, *cause.examples, cause.target, many=True)
    asked = [cause.options.get(name) for name in ("grid", "stream", "direction")]
    grid, stream, direction = asked[0] or "state", asked[1] or "lang", asked[2] or patching.DENOISE
    return patching_table(patching.grid(both, grid, stream, direction))


def patching_table(found: patching.Grid) -> pd.DataFrame:
    """A row a cell; columns counted from 1 are positions, or heads."""
    return pd.DataFrame(
        [
            (line, column + 1, float(effect))
            for line, row in zip(found.lines, found.effects, strict=True)
            for column, effect in enumerate(row)
        ],
        columns=["line", "column", "effect"],
    )


def _steering(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    ((seen, text),) = cause.examples
    heads = [Slot(*slot) for slot in cause.options["heads"]]
    return steering_table(pipeline, seen, steering.steered(pipeline, seen, text, heads))


def steering_table(pipeline: Pipeline, seen: Regions, found: Sequence[Any]) -> pd.DataFrame:
    """A row a region that the heads are forced to."""
    tops = [pipeline.answers(scores, 1)[0] for scores in found]
    rows = [(n + 1, seen.names[n], *top) for n, top in enumerate(tops)]
    return pd.DataFrame(rows, columns=["region", "name", "answer", "probability"])


def _counterfactuals(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    """The second example, where there is one, is a picture whose features regions can get."""
    (seen, text), *others = cause.examples
    strangers = [regions for regions, _ in others]
    found = counterfactuals.bench(pipeline, seen, text, cause.target, strangers, cause.seed)
    return bench_table(found)


def bench_table(found: counterfactuals.Bench) -> pd.DataFrame:
    """A row an edit, those that change most first."""
    rows = [(e.edit.kind, e.edit.name, e.drop, e.answer, e.flips, e.control) for e in found.effects]
    return pd.DataFrame(
        rows, columns=["kind", "edit", "drop", "answer", "flips", "control_drop"]
    ).astype({"control_drop": float})


def _flow(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    """A row an edge of the graph."""
    ((seen, text),) = cause.examples
    told = cause.options
    if told.get("by") == flow_attribution.ATTRIBUTION:
        found = flow_attribution.attributions(pipeline, seen, text, cause.target)
        shares = flow_attribution.as_shares(found)
    else:
        shares = flow.shares(pipeline, seen, text, cause.target)
    root = _node(shares, told["root"])
    pins = {_node(shares, pin[:3]): str(pin[3]) for pin in told.get("pins", ())}
    kept = (told.get("nodes", graphs.NODES_KEPT), told.get("edges", graphs.EDGES_KEPT))
    graph = graphs.grouped(graphs.graph(shares, root, *kept, list(pins)), pins)
    rows = [(*edge.source, *edge.target, edge.share, edge.influence) for edge in graph.edges]
    ends = [f"{end} {part}" for end in ("source", "target") for part in graphs.Node._fields]
    return pd.DataFrame(rows, columns=[*ends, "share", "influence"])


def _node(shares: flow.Shares, told: Sequence[Any]) -> graphs.Node:
    stream, depth, place = told
    known = shares.get((stream, depth)) or shares.get((stream, depth + 1))
    if known is None or not 0 <= place < known[stream].shape[1]:
        raise OptionError(f"{list(told)} is no state of this network and text.")
    return graphs.Node(stream, depth, place)


def _edge(pipeline: Pipeline, cause: Cause) -> pd.DataFrame:
    ((seen, text),) = cause.examples
    ends = [graphs.Node(*cause.options[name]) for name in ("source", "reader")]
    return edge_table(flow_attribution.opened(pipeline, seen, text, cause.target, *ends))


def edge_table(found: flow_attribution.Opened) -> pd.DataFrame:
    """A row a head."""
    heads = [f"head {n + 1}" for n in range(len(found.share))]
    numbers = {"share": found.share, "attribution": found.attribution, "fall": found.fall}
    return pd.DataFrame({"head": heads, **numbers})


KINDS: dict[str, Callable[[Pipeline, Cause], pd.DataFrame]] = {
    "surgery": _surgery,
    "atlas": _atlas,
    "edges": _edges,
    "patching": _patching,
    "steering": _steering,
    "counterfactuals": _counterfactuals,
    "flow": _flow,
    "edge": _edge,
}
EXAMPLES = {"patching": (2,), "counterfactuals": (1, 2)}  # how many; of others one


def _places(told: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if told is None else tuple(int(place) for place in told)


def _told(regions: Regions) -> dict[str, Any]:
    told = {}
    for field in fields(regions):
        value = getattr(regions, field.name)
        if isinstance(value, np.ndarray):
            plain = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
            told[field.name] = {
                "dtype": plain.dtype.str,
                "shape": plain.shape,
                "base64": b64encode(plain.tobytes()).decode(),
            }
        elif field.name != "left_out":
            told[field.name] = value
    return told


def _regions(told: Mapping[str, Any]) -> Regions:
    values = {}
    for name, value in told.items():
        if isinstance(value, dict):
            plain = np.frombuffer(b64decode(value["base64"], validate=True), value["dtype"])
            values[name] = plain.reshape(value["shape"]).copy()
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return cause_form.checked_regions(Regions(**values))
