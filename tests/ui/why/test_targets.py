"""What is explained on the page Why, and what it is held against."""

import json
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.ui.frame.navigation import WHY
from tests.helpers.small_page import ask, texts


@pytest.fixture
def why(page: AppTest) -> AppTest:
    return page.switch_page(WHY.path).run()


def box(page: AppTest, label: str) -> Any:
    return next(box for box in page.selectbox if box.label == label)


def title(page: AppTest) -> str:
    """Of the first figure."""
    return json.loads(page.get("plotly_chart")[0].proto.spec)["layout"]["title"]["text"]


def opened_proof(page: AppTest) -> AppTest:
    page.session_state["why.proof first"] = True
    return page.run()


def pills(page: AppTest) -> Any:
    return next(one for one in page.get("button_group") if "click" in one.label.lower())


def valued(page: AppTest, pattern: str) -> list[tuple[str, ...]]:
    """What the box offers, taken apart by a pattern."""
    return [m.groups() for o in box(page, "Why").options if (m := re.fullmatch(pattern, o))]


def test_two_clicks_ask_why_one_answer_rather_than_another(why: AppTest) -> None:
    texts_of = list(pills(why).options)
    assert pills(why).value == texts_of[:2]
    first, second = texts_of[3], texts_of[2]
    pills(why).set_value([*texts_of[:2], first]).run()
    assert not why.exception and pills(why).value == [first]
    assert pills(why).label == f"Why {first} rather than …? Click another"
    assert box(why, "Why").value == texts_of[0]  # until the second is known
    pills(why).set_value([first, second]).run()
    assert (box(why, "Why").value, box(why, "rather than").value) == (first, second)
    assert f"Why {first} rather than {second}: " in title(why)
    assert (why.query_params["why"], why.query_params["rather"]) == (first, second)
    pills(why).set_value([first]).run()  # one that is shown may be clicked too
    pills(why).set_value([]).run()  # and let go again
    assert (box(why, "Why").value, box(why, "rather than").value) == (first, second)


def test_a_masked_word_is_explained(why: AppTest) -> None:
    ask(why, "is the [MASK] cube red ?")
    words = valued(why, r"“(.+)” at \[MASK\], piece 4")
    assert len(words) == 5
    ((piece,), *_), chosen = words, f"=word 3 {words[0][0]}"
    box(why, "Why").set_value(chosen).run()
    assert not why.exception
    assert f"Why “{piece}” at piece 4 rather than “" in title(why)
    assert why.query_params["why"] == chosen
    opened_proof(why)
    assert not why.exception and "it tells nothing of this target alone" in texts(why)


@pytest.mark.parametrize(
    ("form", "pattern"),
    [("=object", r"region 2 is a (.+)"), ("=attribute", r"region 2 is (?!a )(.+)")],
)
def test_what_a_region_is_is_explained(why: AppTest, form: str, pattern: str) -> None:
    ((name,),) = valued(why, pattern)
    box(why, "Why").set_value(f"{form} 1 {name}").run()
    assert not why.exception
    assert f"Why region 2 is {name}: " in title(why)
    other = box(why, "rather than").options[1]
    box(why, "rather than").set_value(other).run()
    assert f"Why region 2 is {name} rather than {other}: " in title(why)
    opened_proof(why)
    why.session_state["why.last layer"] = why.session_state["why.together"] = True
    why.run()
    told = " ".join(info.value for info in why.info)
    assert not why.exception and "read from the region's own state" in texts(why) + told
