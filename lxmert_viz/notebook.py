"""The stage in a notebook: everything that the page draws, from a trace alone."""

from collections.abc import Mapping

import numpy as np

from lxmert_viz.experiments.heads import value_norms
from lxmert_viz.figures.stage_page import StagePage
from lxmert_viz.model.files.loading import Network
from lxmert_viz.records import Trace
from lxmert_viz.stage_data import stage_data


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
    norms = norms or (value_norms(network, trace) if network else None)
    drawn = stage_data(trace, picture, norms=norms)
    return StagePage(drawn, f"LXMERT: {trace.tokens.text}", selection)
