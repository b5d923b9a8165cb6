"""What heads and the feed-forward block of the last layer write toward the target."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis import faithfulness
from lxmert_viz.experiments.direct_effects import DirectEffects
from lxmert_viz.experiments.target import Target
from lxmert_viz.figures.relevance import ranked_bars
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import relevance, waiting
from lxmert_viz.ui.server.variant import Variant, key_of
from lxmert_viz.ui.why.naming import number

TITLE = "What the last layer writes toward it"
HOW = (
    "The state that the answer is read from is a sum: what entered the last layer, what each "
    "attention head and the feed-forward block wrote, and biases. A bar is such a part times the "
    "output head's slope at this state: which way the target goes with a little more of it. "
    "Together they are {} logits and not the {} of the target, because the output head is curved: "
    "compare bars with each other. Lengths of LayerNorms are held too, so this is an approximation."
)
OF_A_REGION = (
    "What a region is, is read from the region's own state, and this takes a word's state apart. "
    "Choose an answer, the match or a masked word."
)
ERROR = (
    "Without each part in turn the target changes by other numbers: Spearman's correlation of {} "
    "parts **{}**, the largest difference {} logits ({})."
)


def show(variant: Variant, found: Trace, target: Target) -> None:
    with st.expander(
        TITLE, icon=":material/account_tree:", on_change="rerun", key="why.last layer"
    ) as panel:
        if not panel.open:
            return
        if target.stream == "vision":
            st.info(OF_A_REGION)
            return
        effects = waiting.result_of(
            f"last layer {key_of(variant)} {target}",
            "taking the last layer apart",
            lambda report: relevance.direct_effects(variant, target, report),
        )
        figure = ranked_bars(
            effects.names,
            effects.values,
            None,
            True,
            TITLE,
            [f"{target.name}, logits", "LayerNorms and the output head's slope held"],
        )
        saving.draw(figure, saving.about(found), "why.last-layer")
        st.caption(HOW.format(number(effects.total), number(effects.whole)))
        st.markdown(_error(effects))


def _error(effects: DirectEffects) -> str:
    """How far the approximation is from what happens."""
    known = ~np.isnan(effects.removed)
    told, happens = effects.values[known], effects.removed[known]
    far = np.abs(told - happens)
    worst = np.flatnonzero(known)[far.argmax()]
    alike = faithfulness.similarity(told, happens)
    return ERROR.format(len(told), number(alike), number(far.max()), effects.names[worst])
