"""A tuned lens on the states of a store: trained once, and kept with them."""

from lxmert_viz.experiments import tuned_lens
from lxmert_viz.experiments.lenses import Lens
from lxmert_viz.experiments.tuned_lens import TunedLens
from lxmert_viz.records import Report
from lxmert_viz.runs.states import LENSES, StateStore


def tuned(chosen: Lens, store: StateStore, report: Report = lambda stage, share: None) -> TunedLens:
    """Measured on pictures that training never saw.

    Raises DatasetError where there are too few, CheckpointError for kept maps of another model.
    """
    return tuned_lens.kept(
        chosen,
        store.folder / LENSES,
        {"weights": store.weights, "dataset": store.data},
        lambda: store.split(chosen.stream, tuned_lens.MOST_STATES, first_only=chosen.pooled),
        report,
    )
