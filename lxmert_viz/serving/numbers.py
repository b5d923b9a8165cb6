"""How the server is: sessions, work, memory, errors, as OpenMetrics has them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import psutil
from streamlit import runtime
from streamlit.runtime.stats import CounterStat, GaugeStat, HistogramStat, Stat

from lxmert_viz.region_files.cache import usual_folder
from lxmert_viz.serving import incidents
from lxmert_viz.ui.server import jobs, pictures, waiting
from lxmert_viz.ui.server.turns import BOUNDS_SECONDS, Kind

PREFIX = "lxmert_viz"


def text() -> str:
    """Streamlit's families, then ours."""
    lines: list[str] = []
    for family in [*_streamlits().values(), *_ours()]:
        if not family:
            continue
        first = family[0]
        lines.append(f"# TYPE {first.family_name} {first.type}")
        lines += [f"# UNIT {first.family_name} {first.unit}"] if first.unit else []
        lines.append(f"# HELP {first.family_name} {first.help}")
        lines += [stat.to_metric_str() for stat in family]
    return "\n".join([*lines, "# EOF\n"])


def sessions() -> int:
    """Open pages."""
    (stat,) = _streamlits(["active_sessions"])["active_sessions"]
    return int(stat.to_metric_str().split()[-1])


def work() -> dict[str, Kind]:
    return waiting.turns().kinds()


def gauges() -> list[GaugeStat]:
    process, turns = psutil.Process(), waiting.turns()
    with process.oneshot():
        told = [
            ("resident_bytes", process.memory_info().rss, "Memory of this process"),
            ("threads", process.num_threads(), "Threads of this process"),
            ("open_files", process.num_fds(), "Files and connections that are open"),
        ]
    kept = usual_folder()
    told += [
        ("work_waiting", len(turns.waiting()), "Pieces of work that wait for their turn"),
        ("work_running", len(turns.running()), "Pieces of work that are computed"),
        ("evaluations", len(jobs.evaluations().running()), "Evaluations under way or waiting"),
        ("pictures_bytes", pictures.kept_pictures().size_bytes, "Pictures of visitors in memory"),
        ("regions_bytes", _size(kept.glob("*") if kept.is_dir() else ()), "Regions on the disk"),
    ]
    return [GaugeStat(f"{PREFIX}_{name}", value, help=what) for name, value, what in told]


def _streamlits(families: Sequence[str] | None = None) -> Mapping[str, Sequence[Stat]]:
    return runtime.get_instance().stats_mgr.get_stats(family_names=families)


def _ours() -> list[Sequence[Stat]]:
    durations = [_histogram(name, kind) for name, kind in work().items()]
    waited = [
        CounterStat(
            f"{PREFIX}_work_waited_milliseconds",
            round(1000 * kind.waited),
            {"kind": name},
            help="Time that work waited for its turn",
        )
        for name, kind in work().items()
    ]
    errors = CounterStat(f"{PREFIX}_errors", incidents.MET.count, help="Errors that visitors met")
    return [durations, waited, [errors], *([gauge] for gauge in gauges())]


def _histogram(name: str, kind: Kind) -> HistogramStat:
    bounds = [*BOUNDS_SECONDS, math.inf]
    return HistogramStat(
        f"{PREFIX}_work_seconds",
        tuple(zip(bounds, accumulate(kind.counts), strict=True)),
        kind.seconds,
        sum(kind.counts),
        {"kind": name},
        "seconds",
        "How long work took, by what was done and with which model",
    )


def _size(paths: Iterable) -> int:
    sizes = 0
    for path in paths:
        try:
            sizes += path.stat().st_size
        except FileNotFoundError:  # swept meanwhile
            continue
    return sizes
