"""Loading a full-size checkpoint of 912 MB, ours against transformers on the same folder.

Each load runs in a process of its own, which then answers one question so that every weight has
been used. Prints a JSON object a measure: seconds on the wall, processor seconds, and the peak of
memory in sizes of the file, over what the process held once its libraries were imported. The peer
loads the folder as it is; ours does so and also from the other kinds of file it writes.
Usage: python -m benchmarks.load_full_size [--rounds N]
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch
import transformers

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining

KINDS = ("safetensors", "bin", "hdf5", "authors")
LIBRARIES = {"ours": "lxmert_viz.model.lxmert", "peer": "transformers"}
PROBE = """
import importlib, json, re, sys, time, torch
def peak_memory():  # not getrusage: its peak is inherited from the process that started this one
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
cls = getattr(importlib.import_module(sys.argv[1]), "LxmertForPreTraining")
before = peak_memory()
wall, processor = time.perf_counter(), time.process_time()
network = cls.from_pretrained(sys.argv[2]).eval()
spent = time.perf_counter() - wall, time.process_time() - processor
with torch.inference_mode():
    network(torch.ones(1, 5, dtype=torch.long), torch.rand(1, 4, 2048), torch.rand(1, 4, 4))
peak = peak_memory() - before
print(json.dumps({"wall": spent[0], "processor": spent[1], "peak": peak}))
"""


@contextmanager
def checkpoints() -> Iterator[dict[str, Path]]:
    """A folder for each kind of file, all of one random network."""
    torch.manual_seed(0)
    network = LxmertForPreTraining(LxmertConfig())
    with tempfile.TemporaryDirectory() as root:
        folders = {kind: Path(root, kind) for kind in KINDS}
        network.save_pretrained(folders["safetensors"])
        network.save_for_tensorflow(folders["hdf5"])
        network.save_for_authors(folders["authors"] / "model_LXRT.pth")
        folders["bin"].mkdir()
        network.config.to_file(folders["bin"] / "config.json")
        torch.save(network.state_dict(), folders["bin"] / "pytorch_model.bin")
        del network
        yield folders


def load(side: str, folder: Path) -> dict[str, float]:
    """One load in a new process: wall and processor seconds, and bytes at the peak."""
    command = [sys.executable, "-c", PROBE, LIBRARIES[side], str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(rounds: int) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Each round's loads by (kind of file, side); the peer reads what it can."""
    cases = [(kind, side) for kind in KINDS for side in LIBRARIES if side == "ours" or kind in
             ("safetensors", "bin")]  # fmt: skip
    spent: dict[tuple[str, str], list[dict[str, float]]] = {case: [] for case in cases}
    with checkpoints() as folders:
        for number in range(rounds):
            for kind, side in cases if number % 2 == 0 else reversed(cases):
                size = max(f.stat().st_size for f in folders[kind].iterdir())
                run = load(side, folders[kind])
                spent[kind, side].append(run | {"peak": run["peak"] / size})
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    spent = measure(rounds)
    for kind in KINDS:
        for clock in ("wall", "processor", "peak"):
            sides = {
                side: median(run[clock] for run in spent[kind, side])
                for side in LIBRARIES
                if (kind, side) in spent
            }
            unit = "sizes of the file at the peak of memory" if clock == "peak" else "seconds"
            report = {
                "measured": f"load of a full-size {kind} checkpoint, {clock}, {unit}",
                **{side: round(value, 3) for side, value in sides.items()},
                "ratio": round(sides["ours"] / sides["peer"], 3) if "peer" in sides else None,
                "rounds": rounds,
                "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
                "machine": {"processor": platform.machine(), "threads": torch.get_num_threads()},
            }
            print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
