"""Two ways to the same numbers, alternating in one process."""

import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import numpy as np
import torch

LIBRARIES = ("torch", "transformers", "numpy")


class Case(NamedTuple):
    """What is compared: each call gives arrays that should agree."""

    name: str
    ours: Callable[[], list[np.ndarray]]
    peer: Callable[[], list[np.ndarray]]
    of: str  # what the peer is
    within: float = 1e-4  # how far the numbers may be apart


@dataclass(frozen=True)
class Result:
    measured: str
    peer_is: str
    ours: float  # processor seconds, median; a busy machine leaves them nearly alone
    peer: float
    ratio: float  # peer / ours, median over rounds
    spread: tuple[float, float]  # of the ratio: quartiles
    wall: tuple[float, float]  # seconds, medians
    apart: float  # largest difference of the numbers
    rounds: int
    peak_megabytes: int  # of the process so far
    versions: dict[str, str]
    machine: dict[str, str | int | float]


class Disagreement(Exception):
    """The two do not compute the same, so that their times say nothing."""


def compare(case: Case, rounds: int) -> Result:
    """Raises Disagreement."""
    apart = _apart(case.ours(), case.peer())  # the first call of each, which is not counted
    if not apart <= case.within:
        raise Disagreement(f"{case.name}: {apart} apart, {case.within} allowed")
    spent: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": []}
    calls = {"ours": case.ours, "peer": case.peer}
    for number in range(rounds):
        for side in calls if number % 2 == 0 else reversed(calls):
            spent[side].append(_seconds(calls[side]))
    processor = {side: [one for one, _ in each] for side, each in spent.items()}
    wall = [median(one for _, one in each) for each in spent.values()]
    ratios = [b / a for a, b in zip(*processor.values(), strict=True)]
    low, _, high = quantiles(ratios) if rounds > 1 else ratios * 3
    return Result(
        measured=case.name,
        peer_is=case.of,
        ours=round(median(processor["ours"]), 5),
        peer=round(median(processor["peer"]), 5),
        ratio=round(median(ratios), 3),
        spread=(round(low, 3), round(high, 3)),
        wall=(round(wall[0], 5), round(wall[1], 5)),
        apart=float(f"{apart:.2g}"),
        rounds=rounds,
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
        versions={name: version(name) for name in LIBRARIES},
        machine=machine(),
    )


def machine() -> dict[str, str | int | float]:
    return {
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
    }


def say(result: Result) -> None:
    print(json.dumps(asdict(result)), flush=True)


def table(results: Iterable[Result]) -> str:
    """Markdown, with the machine below."""
    rows = list(results)
    lines = ["| what | against | ours, ms | theirs, ms | ratio | quartiles |", "|---" * 6 + "|"]
    for row in rows:
        times = f"{row.ours * 1000:.1f} | {row.peer * 1000:.1f}"
        low, high = row.spread
        lines.append(
            f"| {row.measured} | {row.peer_is} | {times} | {row.ratio:.2f} | {low:.2f} {high:.2f} |"
        )
    told = ", ".join(f"{name} {value}" for name, value in rows[0].machine.items())
    libraries = ", ".join(f"{name} {value}" for name, value in rows[0].versions.items())
    return "\n".join([*lines, "", f"Milliseconds of the processor; {told}; {libraries}."])


def _apart(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return max(float(np.abs(a - b).max(initial=0)) for a, b in pairs)


def _seconds(call: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.process_time() - processor, time.perf_counter() - wall


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
