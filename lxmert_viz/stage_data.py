"""A trace as the stage draws it: with its statistics, its rollout and its picture."""

from collections.abc import Mapping, Sequence

import numpy as np

from lxmert_viz.analysis.head_statistics import all_statistics, carried_statistic
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.figures.stage import Compared, payload
from lxmert_viz.picture import as_jpeg
from lxmert_viz.records import Trace

SHOWN_SIDE_PX = 1200  # the longer side of the picture that is sent


def stage_data(
    trace: Trace,
    picture: bytes,
    *,
    norms: Mapping[str, np.ndarray] | None = None,
    places: Sequence[int] | None = None,
    other: Compared | None = None,
) -> bytes:
    """What figures.stage sends. picture: encoded, as it was looked at.

    norms: family -> (L, H, K), which add weights times value norms. places: R, where the regions
    stood before some were left out. other: what the stage draws the difference to. Raises
    PictureError.
    """
    statistics = all_statistics(trace)
    if norms:
        statistics = (*statistics, carried_statistic(trace, dict(norms)))
    return payload(
        trace,
        as_jpeg(picture, SHOWN_SIDE_PX),
        numbered_names(trace.regions, places),
        statistics,
        rollout(trace.attention),
        places=places,
        norms=dict(norms) if norms else None,
        other=other,
    )


def compared(name: str, trace: Trace, norms: Mapping[str, np.ndarray]) -> Compared:
    """name: what the person calls it."""
    return Compared(name, trace, rollout(trace.attention), dict(norms))
