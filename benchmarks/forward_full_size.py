"""One full-size forward with everything kept, ours against transformers on the same weights.

Ours keeps all 34 maps and 46 states; transformers all that it can, 19 maps and 24 states.
Prints two JSON objects: seconds on the wall, and processor seconds, which a busy machine leaves
alone. Usage: python -m benchmarks.forward_full_size [--rounds N]
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch
import transformers

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining

WORDS, REGIONS = 20, 36
KEEP = {"output_attentions": True, "output_hidden_states": True}


class Seconds(NamedTuple):
    wall: float
    processor: float


def seconds(call: Callable[[], object]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def measure(rounds: int) -> tuple[list[Seconds], list[Seconds]]:
    """Each round's seconds: ours and the peer's, in alternating order."""
    torch.manual_seed(0)
    ours = LxmertForPreTraining(LxmertConfig()).eval()
    peer = transformers.LxmertForPreTraining(transformers.LxmertConfig()).eval()
    peer.load_state_dict(ours.state_dict())
    given = {
        "input_ids": torch.randint(1, 30522, (1, WORDS)),
        "visual_feats": torch.rand(1, REGIONS, 2048),
        "visual_pos": torch.rand(1, REGIONS, 4),
    }
    networks, spent = (ours, peer), ([], [])
    with torch.inference_mode():
        for network in networks:  # the first call of each is not counted
            network(**given, **KEEP)
        for round_number in range(rounds):
            for index in (0, 1) if round_number % 2 == 0 else (1, 0):
                spent[index].append(seconds(lambda n=networks[index]: n(**given, **KEEP)))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    spent = measure(rounds)
    for clock in Seconds._fields:
        ours, peer = ([getattr(each, clock) for each in side] for side in spent)
        report = {
            "measured": f"{clock} seconds of one traced forward, {WORDS} words, {REGIONS} regions",
            "ours": round(median(ours), 4),
            "peer": round(median(peer), 4),
            "ratio": round(median(a / b for a, b in zip(ours, peer, strict=True)), 4),
            "rounds": rounds,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "machine": {"processor": platform.machine(), "threads": torch.get_num_threads()},
        }
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
