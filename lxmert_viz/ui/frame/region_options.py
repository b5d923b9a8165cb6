"""How regions are found: a profile of the detector, and numbers of one's own."""

import streamlit as st

from lxmert_viz.config import RegionProfile
from lxmert_viz.detector.profiles import LEAST, PROPOSALS, REGIONS, SCORES, parted, rules_of
from lxmert_viz.errors import OptionError
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server.variant import RegionsAsked
from lxmert_viz.ui.wording import plain

ASKED = "regions.asked"
EXACTLY, BY_SCORE = "Exactly", "By score"
PROFILES = {"trained": "as for LXMERT's training (trained)", "demo": "as in its demos (demo)"}
TRAINED_HELP = (
    "The demos look at a larger picture, and move each box to fit its object. In brackets: what "
    "the command line calls it."
)
PROPOSALS_HELP = (
    "Places in the picture that the detector looks at closely. Nearly all of its time goes there: "
    "twice as many take twice as long. With few it can miss objects."
)
REGIONS_HELP = (
    "What LXMERT gets to see; it was trained with 36. The detector takes no longer for more, "
    "LXMERT a little."
)
SCORE_HELP = "Probability of a region's name from which the region counts."


def choose(profiles: dict[str, RegionProfile], proposals: int) -> None:
    """Widgets; what they say is in `chosen`. proposals: as many as the detector has by itself."""
    _follow_link(profiles, proposals)
    name = st.selectbox(
        "How regions are found",
        list(profiles),
        format_func=lambda name: PROFILES.get(name, name),
        key="regions.profile",
        help=TRAINED_HELP,
        persist_state="session",
    )
    own = st.toggle("Set how many regions", key="regions.own", persist_state="session")
    numbers = _numbers(profiles[name], proposals) if own else {}
    st.session_state[ASKED] = RegionsAsked.of(name, numbers)


def link(profiles: dict[str, RegionProfile]) -> str:
    """What the address says; "" for what everyone begins with."""
    asked = chosen()
    return "" if asked == RegionsAsked(next(iter(profiles))) else asked.text


def _follow_link(profiles: dict[str, RegionProfile], proposals: int) -> None:
    """Once a session: puts what the address says into the widgets."""
    state = st.session_state
    asked = address.pending("profile")
    if not asked:
        return
    address.followed("profile")
    try:
        rules = rules_of(asked, profiles, proposals)
    except OptionError as error:
        address.say_missing(
            plain(f"This link cannot be followed in how regions are found. {error}")
        )
        return
    state["regions.profile"], numbers = parted(asked)
    state["regions.own"] = bool(numbers)
    state["regions.how"] = BY_SCORE if "score" in numbers else EXACTLY
    # what an option leaves open is the detector's own, and may lie outside of the sliders
    state["regions.exactly"] = _within(REGIONS, rules.profile.max_regions)
    state["regions.score"] = rules.profile.min_score
    state["regions.range"] = _range_of(rules.profile)
    state["regions.proposals"] = _within(PROPOSALS, rules.proposals)


def chosen() -> RegionsAsked:
    return st.session_state[ASKED]


def _numbers(profile: RegionProfile, proposals: int) -> dict[str, float]:
    state = st.session_state
    state.setdefault("regions.how", EXACTLY)
    state.setdefault("regions.proposals", _within(PROPOSALS, proposals))
    how = st.segmented_control(
        "How many regions",
        (EXACTLY, BY_SCORE),
        key="regions.how",
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    numbers = _exactly(profile) if how == EXACTLY else _by_score(profile)
    places = st.slider(
        "Proposals",
        *PROPOSALS,
        step=10,
        key="regions.proposals",
        help=PROPOSALS_HELP,
        persist_state="session",
    )
    return numbers | {"proposals": places}


def _exactly(profile: RegionProfile) -> dict[str, float]:
    st.session_state.setdefault("regions.exactly", _within(REGIONS, profile.max_regions))
    count = st.slider(
        "Regions",
        *REGIONS,
        key="regions.exactly",
        help=REGIONS_HELP,
        persist_state="session",
    )
    return {"regions": count}


def _by_score(profile: RegionProfile) -> dict[str, float]:
    st.session_state.setdefault("regions.score", profile.min_score)
    st.session_state.setdefault("regions.range", _range_of(profile))
    score = st.slider(
        "Score from",
        *SCORES,
        step=0.05,
        key="regions.score",
        help=SCORE_HELP,
        persist_state="session",
    )
    least, most = st.slider(
        "At least, at most",
        LEAST[0],
        REGIONS[1],
        key="regions.range",
        help=REGIONS_HELP,
        persist_state="session",
    )
    return {"score": round(score, 2), "least": least, "most": max(most, REGIONS[0])}


def _range_of(profile: RegionProfile) -> tuple[int, int]:
    return _within(LEAST, profile.min_regions), _within(REGIONS, profile.max_regions)


def _within(limits: tuple[int, int], number: int) -> int:
    """The nearest that a slider takes."""
    return min(max(number, limits[0]), limits[1])
