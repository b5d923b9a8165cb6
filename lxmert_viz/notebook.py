"""The stage in a notebook: everything that the page draws, from a trace alone."""

from collections.abc import Mapping

import numpy as np

from lxmert_viz.analysis.head_statistics import all_statistics, carried_statistic
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.experiments.heads import value_norms
from lxmert_viz.figures.stage import payload
from lxmert_viz.figures.stage_page import StagePage
from lxmert_viz.model.files.loading import Network
from lxmert_viz.picture import as_jpeg
from lxmert_viz.records import Trace

SHOWN_SIDE_PX = 1200


def show(
    trace: Trace,
    picture: bytes,
    *,
    network: Network | None = None,
    norms: Mapping[str, np.ndarray] | None = None,
    selection: str = "",
) -> StagePage:
    """The stage of a trace, as the last line of a cell. picture: encoded, as it was looked at.

    network (`pipeline.network`) or norms (of a saved analysis) add weights times value norms.
    selection: what to begin with, as in the page's address. Raises PictureError.
    """
    norms = dict(norms) if norms else value_norms(network, trace) if network else None
    statistics = all_statistics(trace)
    if norms:
        statistics = (*statistics, carried_statistic(trace, norms))
    drawn = payload(
        trace,
        as_jpeg(picture, SHOWN_SIDE_PX),
        numbered_names(trace.regions),
        statistics,
        rollout(trace.attention),
        norms=norms,
    )
    return StagePage(drawn, f"LXMERT: {trace.tokens.text}", selection)
