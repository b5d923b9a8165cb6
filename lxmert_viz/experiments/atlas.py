"""What every head does to a target: switched off exactly, estimated, and as it looks."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis import head_statistics, rankings
from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import head_slots, heads
from lxmert_viz.experiments.head_slots import ByHead, flat
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.interventions import Intervention, Key
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions, Report

Means = dict[Key, Tensor]  # (H, d): a head's mean output
ZERO, MEAN, SET = "zero", "mean", "set"
OFF = {
    ZERO: "writes nothing",
    MEAN: "writes its mean over the words or regions of this example",
    SET: "writes its mean over a set of examples",
}
RANKINGS = {
    "exact": "effect of switching each head off",
    "estimate": "gradient at each head's gate",
    "carried": "attention × value norm",
    "looks": "sharpness of attention (1 − entropy)",
    "random": "drawn at random",
}


@dataclass(frozen=True, slots=True)
class Atlas:
    """Every head of one example."""

    target: Target
    value: float  # with every head there, in logits
    off: str  # of OFF
    exact: ByHead  # how much the target falls without the head, in logits
    estimate: ByHead  # the same by the gradient at its gate
    looks: ByHead  # 0..1, 1 - entropy of its attention: which heads look at one place
    carried: ByHead  # weight times length of what is carried
    given: Means | None = None  # of a set, that heads were made to write

    def scores(self, ranking: str, seed: int = 0) -> np.ndarray:
        """(K,) of all slots. ranking: of RANKINGS."""
        if ranking != "random":
            return flat(getattr(self, ranking))
        return 1.0 + np.random.default_rng(seed).permutation(flat(self.exact).size)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one ranking's top heads are worth, for growing numbers of them."""

    ranking: str  # of RANKINGS
    sizes: list[int]  # (S,) of heads
    keeping: np.ndarray  # (S,) share of the target that the top heads alone bring back
    removing: np.ndarray  # (S,) share that is left without them
    cpr: float  # area under `keeping`: high is good
    cmd: float  # area between `keeping` and 1: low is good
    dead: int  # of the first tenth, heads on which the target cannot depend: 0 or the ranking errs


def atlas(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    off: str = ZERO,
    report: Report = lambda stage, share: None,
    given: Means | None = None,
) -> Atlas:
    """The exact effect of every head on one target, and what is cheaper to know of it."""
    kept = Kept(pipeline, regions, text, target, many=True)
    means = means_for(off, kept, given)
    exact = exact_effects(kept, means, report)
    report("gradients", 1)
    estimate = estimated_effects(pipeline, regions, text, target, means)
    trace = pipeline.exact.ask(regions, text)
    norms = heads.value_norms(pipeline.network, trace)
    maps = trace.attention
    looks = {name: 1 - head_statistics.entropy(maps[name]) for name in FAMILIES}
    carried = {name: head_statistics.carried(maps[name], norms[name]) for name in FAMILIES}
    return Atlas(target, kept.value, off, exact, estimate, looks, carried, given)


def judged(
    pipeline: Pipeline, regions: Regions, text: str, found: Atlas, ranking: str, seed: int = 0
) -> Judged:
    """A ranking's curves on the example that it was made on. Zero: the target without any head."""
    scores = found.scores(ranking, seed)
    sizes = rankings.sizes_of(len(scores))
    there = rankings.kept(rankings.order_of(scores), sizes)
    both = np.concatenate([there, ~there])
    kept = Kept(pipeline, regions, text, found.target)
    means = means_for(found.off, kept, found.given)
    values = head_slots.under_gates(pipeline, regions, text, found.target, both, means)
    shares = np.array(sizes) / len(scores)
    recovery = rankings.recovered(values, values[0], values[len(sizes) - 1])
    keeping, removing = np.split(recovery, 2)
    areas = rankings.cpr(shares, keeping), rankings.cmd(shares, keeping)
    slots = head_slots.slots(pipeline.network.config)
    first = rankings.order_of(scores)[: max(len(slots) // 10, 1)]
    dead = sum(not kept.matters(slots[place].family, slots[place].layer) for place in first)
    return Judged(ranking, sizes, keeping, removing, *areas, dead)


@torch.inference_mode()
def exact_effects(
    kept: Kept, means: Means | None = None, report: Report = lambda stage, share: None
) -> ByHead:
    """How much the target falls where one head alone writes nothing, or its mean."""
    config = kept.pipeline.network.config
    keys, found = head_slots.layer_keys(config), []
    for place, (family, layer) in enumerate(keys):
        report(place_named(family, layer), place / len(keys))
        contexts = without_each(context_of(kept, family, layer), config.num_attention_heads)
        if means is not None:
            contexts = contexts + each_alone(means[family, layer])[:, None]
        found.append(kept.value - kept.after_attention(family, layer, contexts))
    return head_slots.by_head(config, np.concatenate(found))


def estimated_effects(
    pipeline: Pipeline, regions: Regions, text: str, target: Target, means: Means | None = None
) -> ByHead:
    """The target's slope at each head's gate, of all heads from one forward and one gradient.

    Source: Michel et al. 2019, equation 2, with its sign.
    """
    config = pipeline.network.config
    factors = torch.ones(1, len(head_slots.slots(config)), requires_grad=True)
    with torch.enable_grad():
        asked = Intervention(head_slots.gates(config, factors), means or {})
        value = head_slots.values(pipeline, regions, text, target, asked)
        (slopes,) = torch.autograd.grad(value.sum(), factors)
    return head_slots.by_head(config, slopes[0].double().numpy())


def means_for(off: str, kept: Kept, given: Means | None) -> Means | None:
    """What heads that are off write; None: nothing. Raises OptionError where a set's is missing."""
    if off == MEAN:
        return mean_outputs(kept)
    if off != SET:
        return None
    if given is None:
        raise OptionError("Heads shall write their mean over a set, and no set is given.")
    return {key: value.to(kept.lang[-1].device) for key, value in given.items()}


@torch.no_grad()
def mean_outputs(kept: Kept) -> Means:
    """Each head's output, mean over the words or regions that it writes to."""
    config = kept.pipeline.network.config
    return {
        key: context_of(kept, *key)[0].mean(0).unflatten(0, (config.num_attention_heads, -1))
        for key in head_slots.layer_keys(config)
    }


def context_of(kept: Kept, family: str, layer: int) -> Tensor:
    """(1, N, D): what this layer's heads found, side by side."""
    own = kept.head_layer(family, layer)
    return own.attention(own.queries, own.keys, None)[0]


def without_each(context: Tensor, count: int) -> Tensor:
    """(H, N, D) of (1, N, D): row h has nothing of head h."""
    there = 1 - torch.eye(count, dtype=context.dtype, device=context.device)
    return (context.unflatten(-1, (count, -1)) * there[:, None, :, None]).flatten(-2)


def each_alone(outputs: Tensor) -> Tensor:
    """(H, D) of (H, d): row h has head h in its place, and nothing else."""
    place = torch.eye(len(outputs), dtype=outputs.dtype, device=outputs.device)
    return (place[..., None] * outputs).flatten(-2)
