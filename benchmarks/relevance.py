"""Relevance against a plain loop over transformers: full size, the same weights, alternating.

python -m benchmarks.relevance [--rounds N] [--threads N] [--share S] [--only WORD]

The loop asks the reference network once for each coalition, as a person without this tool would
write it; relevance from gradients is compared with forwards alone. A share of the loop's forwards
is run, evenly spread, and counted for all: each costs about the same. One JSON object a method:
processor seconds, which a busy machine leaves alone, ours and the loop's, and their ratio.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import median

import numpy as np
import torch
import transformers

from benchmarks.second_question import full_size, random_regions
from lxmert_viz.analysis import shapley
from lxmert_viz.experiments import target
from lxmert_viz.experiments.relevance import explain
from lxmert_viz.experiments.removal import Game
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = " ".join(["cube"] * 18)  # 20 pieces with [CLS] and [SEP]
PAIRS = {"shapley, 4 orderings": 2, "shapley, 6 orderings": 3}  # orders come with their reverses


class Loop:
    """transformers on the same weights; regions are left out, words become [MASK]."""

    def __init__(self, pipeline: Pipeline, regions: Regions, game: Game) -> None:
        config = transformers.LxmertConfig(num_qa_labels=pipeline.network.config.num_qa_labels)
        self._network = transformers.LxmertForPreTraining(config).eval()
        self._network.load_state_dict(pipeline.network.state_dict())
        self._regions, self._game = regions, game

    @torch.inference_mode()
    def ask(self, members: np.ndarray) -> float:
        """members: (n,) bool."""
        game, count = self._game, len(self._game.word_places)
        seen = self._regions.only(np.flatnonzero(members[count:]))
        if not len(seen):  # the reference raises without any region: one that is zero stands in
            one = self._regions.only((0,))
            seen = replace(one, feats=np.zeros_like(one.feats))
        found = self._network(
            input_ids=torch.from_numpy(game.without_words(members[:count]).ids)[None],
            visual_feats=torch.from_numpy(seen.feats)[None],
            visual_pos=torch.from_numpy(seen.boxes_unit)[None],
        ).question_answering_score[0]
        return float(found[game.target.label] - found[game.target.against])

    def ask_each(self, coalitions: Iterable[np.ndarray]) -> list[float]:
        return [self.ask(members) for members in coalitions]


def processor_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def measure(
    ours: Callable[[], object], peer: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of each, alternating; the first call of each is not counted."""
    calls, spent = (ours, peer), ([], [])
    for call in calls:
        call()
    for number in range(rounds):
        for index in (0, 1) if number % 2 == 0 else (1, 0):
            spent[index].append(processor_seconds(calls[index]))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--share", type=float, default=1.0, help="of the loop's forwards")
    parser.add_argument("--only", default="", help="methods whose name has this word")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pipeline, regions = full_size("cpu", with_detector=False), random_regions()
    asked = target.answer(pipeline, *pipeline.answer_vocabulary[:2])
    game = Game(pipeline, regions, TEXT, asked)
    loop = Loop(pipeline, regions, game)
    everybody = np.ones(game.players, bool)
    members = np.ones((game.players + 1, game.players), bool)
    members[1 + np.arange(game.players), np.arange(game.players)] = False
    loops = {"bimodal, against one forward": ("bimodal", 0, [everybody])}
    loops["occlusion"] = ("occlusion", 0, members)
    for name, pairs in PAIRS.items():
        drawn = shapley.orders(game.players, pairs, 0)
        steps = np.concatenate([shapley.coalitions(order) for order in drawn])
        loops[name] = ("shapley", pairs, steps)
    for name, (method, pairs, coalitions) in loops.items():
        if options.only not in name:
            continue
        some = coalitions[:: round(1 / options.share)]
        ours, peer = measure(
            lambda m=method, p=pairs: explain(pipeline, regions, TEXT, m, asked, pairs=p or 1),
            lambda c=some: loop.ask_each(c),
            options.rounds,
        )
        whole = [seconds * len(coalitions) / len(some) for seconds in peer]
        report(name, ours, whole, len(coalitions), options)


def report(
    name: str,
    ours: list[float],
    peer: list[float],
    forwards: int,
    options: argparse.Namespace,
) -> None:
    found = {
        "measured": f"processor seconds of {name}; the loop takes {forwards} forwards",
        "ours": round(median(ours), 3),
        "peer": round(median(peer), 3),
        "peer_over_ours": round(median(b / a for a, b in zip(ours, peer, strict=True)), 3),
        "rounds": options.rounds,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "machine": {"processor": platform.machine(), "threads": options.threads},
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
