"""Ours against its peers, with a JSON object a comparison and a table at the end.

python -m benchmarks [--rounds N] [--threads N] [--toy]
"""

import argparse
import sys
from collections.abc import Iterator

import torch

from benchmarks import compiled, network, parts
from benchmarks.comparing import Case, compare, say, table
from lxmert_viz.config import LxmertConfig

TOY = LxmertConfig(
    vocab_size=50,
    hidden_size=24,
    num_attention_heads=3,
    num_qa_labels=7,
    intermediate_size=40,
    visual_feat_dim=13,
    l_layers=2,
    r_layers=1,
    x_layers=2,
)


def cases(toy: bool) -> Iterator[Case]:
    both = network.Both(TOY, 5, 4) if toy else network.Both(LxmertConfig())
    yield from network.cases(both)
    yield from compiled.cases(both)
    yield from parts.cases(answers=40, boxes=12, classes=9) if toy else parts.cases()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--toy", action="store_true", help="tiny sizes, to see that all runs")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    results = []
    for case in cases(options.toy):
        results.append(compare(case, options.rounds))
        say(results[-1])
    print(table(results))
    if absent := set(compiled.PEERS) - set(compiled.installed()):
        print(f"Not here, and so not compared: {', '.join(sorted(absent))}; {compiled.HOW}.")


if __name__ == "__main__":
    sys.exit(main())
