"""How regions are found: a profile of the detector, and numbers of one's own."""

import streamlit as st

from lxmert_viz.config import RegionProfile
from lxmert_viz.detector.profiles import LEAST, PROPOSALS, REGIONS, SCORES

EXACTLY, BY_SCORE = "Exactly", "By score"
TRAINED_HELP = (
    "“trained” finds regions as they were found for LXMERT's training. “demo” looks at a larger "
    "picture, and moves each box to fit its object, as the published demos do."
)
PROPOSALS_HELP = (
    "Places in the picture that the detector looks at closely. Nearly all of its time goes there: "
    "twice as many take twice as long. With few it can miss objects."
)
REGIONS_HELP = (
    "What LXMERT gets to see; it was trained with 36. The detector takes no longer for more, "
    "LXMERT a little."
)
SCORE_HELP = "Probability of a region's name from which it counts as sure."


def choose(profiles: dict[str, RegionProfile], proposals: int) -> None:
    """Widgets; what they say is in `chosen`. proposals: as many as the detector has by itself."""
    name = st.selectbox(
        "How regions are found", list(profiles), key="model.profile", help=TRAINED_HELP
    )
    own = st.toggle("Choose the numbers yourself", key="regions.own", persist_state="session")
    st.session_state["regions.asked"] = name
    if own:
        st.session_state["regions.asked"] = f"{name}, {_numbers(profiles[name], proposals)}"


def chosen() -> str:
    """The profile as detector.profiles reads it."""
    return st.session_state["regions.asked"]


def _numbers(profile: RegionProfile, proposals: int) -> str:
    how = st.segmented_control(
        "How many regions",
        (EXACTLY, BY_SCORE),
        key="regions.how",
        default=EXACTLY,
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    numbers = _exactly(profile) if how == EXACTLY else _by_score(profile)
    places = st.slider(
        "Proposals",
        *PROPOSALS,
        min(max(proposals, PROPOSALS[0]), PROPOSALS[1]),
        10,
        key="regions.proposals",
        help=PROPOSALS_HELP,
        persist_state="session",
    )
    return f"{numbers}, proposals={places}"


def _exactly(profile: RegionProfile) -> str:
    count = st.slider(
        "Regions",
        *REGIONS,
        max(profile.max_regions, REGIONS[0]),
        key="regions.exactly",
        help=REGIONS_HELP,
        persist_state="session",
    )
    return f"regions={count}"


def _by_score(profile: RegionProfile) -> str:
    score = st.slider(
        "Score from",
        *SCORES,
        profile.min_score,
        0.05,
        key="regions.score",
        help=SCORE_HELP,
        persist_state="session",
    )
    least, most = st.slider(
        "At least, at most",
        LEAST[0],
        REGIONS[1],
        (max(profile.min_regions, LEAST[0]), max(profile.max_regions, REGIONS[0])),
        key="regions.range",
        help=REGIONS_HELP,
        persist_state="session",
    )
    return f"score={score:.2f}, least={least}, most={max(most, REGIONS[0])}"
