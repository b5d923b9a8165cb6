"""One full-size forward with everything kept, ours against transformers on the same weights.

Ours keeps all 34 maps and 46 states; transformers all that it can, 19 maps and 24 states.
Prints one JSON object. Usage: python benchmarks/forward_full_size.py [--rounds N]
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from statistics import median

import torch
import transformers

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining

WORDS, REGIONS = 20, 36
KEEP = {"output_attentions": True, "output_hidden_states": True}


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each round: ours and the peer's, in alternating order."""
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
    ours, peer = measure(rounds)
    report = {
        "measured": f"seconds of one traced forward, {WORDS} words, {REGIONS} regions, CPU",
        "ours": median(ours),
        "peer": median(peer),
        "ratio": median(a / b for a, b in zip(ours, peer, strict=True)),
        "rounds": rounds,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
        },
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
