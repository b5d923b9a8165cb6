"""Every head off once, and every state of one stream patched: ours against plain loops.

python -m benchmarks.causes [--share S] [--threads N]

The peer is the reference library's class with the same random weights, at full size, 20 words and
36 regions: one forward a head, whose slice of what enters the output projection is set to zero, and
one forward a state, whose value is set to the other run's. A share of the peer's forwards is run,
evenly spread, and counted for all: each costs the same. Ours and the peer take turns. One JSON
object a line, in processor seconds; `far` is the largest difference of the numbers themselves, as a
share of the largest effect.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from benchmarks.second_question import TINY_DETECTOR, random_detector, random_regions
from lxmert_viz.checkpoints.contents import RegionNames, Scope
from lxmert_viz.checkpoints.identity import Identity
from lxmert_viz.config import LxmertConfig
from lxmert_viz.experiments import atlas, head_slots, patching
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.lxmert import LxmertForQuestionAnswering
from lxmert_viz.model.tokenizer import LxmertTokenizer
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Regions

ANSWERS = 3129
TEXT = "what color is the red cube that is left of the large blue ball in the picture?"
OTHER = TEXT.replace("red", "green")
TARGET = Target("answer", 5, 7, name="one answer rather than another")


def full_size() -> Pipeline:
    torch.manual_seed(0)
    return Pipeline(
        "full-size",
        LxmertForQuestionAnswering(LxmertConfig(num_qa_labels=ANSWERS)),
        LxmertTokenizer.from_pretrained(ASSETS / "miniature"),
        random_detector(TINY_DETECTOR),
        region_names=RegionNames(("object",) * 1600, ("some",) * 400),
        answer_vocabulary=(),
        scope=Scope(),
        identity=Identity(ASSETS / "miniature"),  # nothing is told apart by it here
        device=torch.device("cpu"),
    )


def reference_of(pipeline: Pipeline) -> nn.Module:
    config = transformers.LxmertConfig(num_qa_labels=ANSWERS)
    peer = transformers.LxmertForQuestionAnswering(config).eval()
    peer.load_state_dict(pipeline.network.state_dict())
    return peer


class Loop:
    """What a person would write with the reference: a hook, a forward, and the hook away again."""

    def __init__(self, peer: nn.Module, pipeline: Pipeline, regions: Regions, text: str) -> None:
        ((_, tokens),) = pipeline.rows([(regions, text)])
        self._peer = peer
        self._given = {
            "input_ids": torch.as_tensor(tokens.ids)[None],
            "visual_feats": torch.as_tensor(regions.feats)[None],
            "visual_pos": torch.as_tensor(regions.boxes_unit)[None],
        }

    @torch.inference_mode()
    def value(self, module: nn.Module, hook: Callable[..., Any], before: bool = False) -> float:
        place = module.register_forward_pre_hook if before else module.register_forward_hook
        handle = place(hook)
        scores = self._peer(**self._given).question_answering_score[0]
        handle.remove()
        return float(scores[TARGET.label] - scores[TARGET.against])

    def without_head(self, slot: Slot) -> float:
        size, calls = 64, iter(range(2))
        own = slice(slot.head * size, (slot.head + 1) * size)
        wanted = {"lang_from_vision": 0, "vision_from_lang": 1}.get(slot.family)

        def shut(module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            if wanted is not None and next(calls) != wanted:
                return given
            context = given[0].clone()
            context[..., own] = 0
            return (context, *given[1:])

        return self.value(self._output(slot), shut, before=True)

    def with_state(self, layer: int, place: int, state: Tensor) -> float:
        """A language layer's state at one position."""

        def put(module: nn.Module, given: Any, made: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            states = made[0].clone()
            states[0, place] = state
            return (states, *made[1:])

        return self.value(self._peer.lxmert.encoder.layer[layer], put)

    def with_crossed(self, layer: int, place: int, state: Tensor) -> float:
        """The words' state at one position after a cross-modality layer."""

        def put(module: nn.Module, given: Any, made: tuple[Any, ...]) -> tuple[Any, ...]:
            words = made[0]
            states = (words[0] if isinstance(words, tuple) else words).clone()
            states[0, place] = state
            first = (states, *words[1:]) if isinstance(words, tuple) else states
            return (first, *made[1:])

        return self.value(self._peer.lxmert.encoder.x_layers[layer], put)

    def _output(self, slot: Slot) -> nn.Module:
        encoder = self._peer.lxmert.encoder
        if slot.family in ("lang", "vision"):
            layers = encoder.layer if slot.family == "lang" else encoder.r_layers
            return layers[slot.layer].attention.output
        crossing = encoder.x_layers[slot.layer]
        blocks = {"cross_lang": crossing.lang_self_att, "cross_vision": crossing.visn_self_att}
        return blocks.get(slot.family, crossing.visual_attention).output


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def of_atlas(pipeline: Pipeline, peer: nn.Module, regions: Regions, share: float) -> dict[str, Any]:
    slots = head_slots.slots(pipeline.network.config)
    loop = Loop(peer, pipeline, regions, TEXT)
    some = slots[:: round(1 / share)]
    first, theirs = seconds(lambda: [loop.without_head(slot) for slot in some[::2]])

    def ours() -> np.ndarray:
        kept = Kept(pipeline, regions, TEXT, TARGET, many=True)
        return kept.value - head_slots.flat(atlas.exact_effects(kept))

    spent, values = seconds(ours)
    second, more = seconds(lambda: [loop.without_head(slot) for slot in some[1::2]])
    numbers = dict(zip(slots, values, strict=True))
    pairs = [*zip(some[::2], theirs, strict=True), *zip(some[1::2], more, strict=True)]
    far = max(abs(numbers[slot] - value) for slot, value in pairs) / np.ptp(values)
    return told(f"{len(slots)} heads off", spent, first + second, len(some), len(slots), far)


def of_patching(
    pipeline: Pipeline, peer: nn.Module, regions: Regions, share: float
) -> dict[str, Any]:
    clean = Kept(pipeline, regions, TEXT, TARGET)
    loop = Loop(peer, pipeline, regions, OTHER)
    count = len(clean.tokens.ids)
    places = [key for key in clean.places("lang") if key[1] >= 0]
    cells = [(*key, n) for key in places for n in range(count)]
    some = cells[:: round(1 / share)]

    def put(cell: tuple[str, int, int]) -> float:
        place, layer, n = cell
        state = clean.state(place, layer)[0, n]
        patch = loop.with_state if place == "lang" else loop.with_crossed
        return patch(layer, n, state)

    first, theirs = seconds(lambda: [put(cell) for cell in some[::2]])

    def ours() -> np.ndarray:
        both = patching.pair(pipeline, (regions, TEXT), (regions, OTHER), TARGET, many=True)
        effects = patching.grid(both, "state", "lang").effects[1:]
        return both.corrupted.value + effects * (both.clean.value - both.corrupted.value)

    spent, values = seconds(ours)
    second, more = seconds(lambda: [put(cell) for cell in some[1::2]])
    numbers = dict(zip(cells, values.ravel(), strict=True))
    pairs = [*zip(some[::2], theirs, strict=True), *zip(some[1::2], more, strict=True)]
    far = max(abs(numbers[cell] - value) for cell, value in pairs) / np.ptp(values)
    named = f"{len(places)} layers x {count} positions of the words' stream patched"
    return told(named, spent, first + second, len(some), len(cells), far)


def told(
    measured: str, ours: float, theirs: float, ran: int, count: int, far: float
) -> dict[str, Any]:
    peer = theirs / ran * count
    return {
        "measured": measured,
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "peer_forwards_run": ran,
        "ratio": round(peer / ours, 2),
        "far": float(f"{far:.1e}"),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "machine": {"processor": platform.machine(), "threads": torch.get_num_threads()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.1, help="of the peer's forwards")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pipeline, regions = full_size(), random_regions()
    peer = reference_of(pipeline)
    for measure in (of_atlas, of_patching):
        print(json.dumps(measure(pipeline, peer, regions, options.share)), flush=True)


if __name__ == "__main__":
    main()
