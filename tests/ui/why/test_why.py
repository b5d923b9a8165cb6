"""The page of relevance on a tiny checkpoint."""

import json
import re
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.experiments import target
from lxmert_viz.experiments.proof import DRAWS, Proof
from lxmert_viz.experiments.relevance import BLIND, METHODS, Relevance
from lxmert_viz.ui.frame.navigation import WHY
from lxmert_viz.ui.server import examples, relevance, waiting
from lxmert_viz.ui.why import drawn, maps
from tests.helpers.small_page import Counted, ask, button, opened, texts


@pytest.fixture
def why(page: AppTest) -> AppTest:
    return page.switch_page(WHY.path).run()


def charts(page: AppTest) -> list[str]:
    return [chart.proto.spec for chart in page.get("plotly_chart")]


def box(page: AppTest, label: str) -> Any:
    return next(box for box in page.selectbox if box.label == label)


def opened_proof(page: AppTest) -> AppTest:
    page.session_state["why.proof first"] = True
    return page.run()


class Found(NamedTuple):
    orders: int


def test_the_page_opens_on_a_map_and_the_model_runs_once(why: AppTest, counted: Counted) -> None:
    assert not why.exception
    picture, ranks = charts(why)
    answers = counted.inner.ask(
        counted.look(examples.examples()[0].picture.content, "trained"),
        examples.examples()[0].questions[0].text,
    ).answers
    named = f"{answers[0].text} rather than {answers[1].text}"
    assert f"Why {named}: " in picture and named in ranks
    assert " logits" in picture
    assert "Bi-modal relevance, from 0 to " in picture
    assert "Nothing is removed." in picture and "the largest magnitude is seen" in picture
    assert "Unsigned: how much" in texts(why) and "Blind to the target" not in texts(why)
    assert counted.asks == 1


@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_the_place(
    why: AppTest, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "WIDEST_GAP", 9.0)  # so random a network needs more steps
    against = box(why, "rather than")
    against.set_value("ball" if box(why, "Why").value != "ball" else "cube").run()
    chosen = box(why, "Why").value, box(why, "rather than").value
    box(why, "Method").set_value(method).run()
    assert not why.exception
    assert (box(why, "Why").value, box(why, "rather than").value) == chosen
    picture = charts(why)[0]
    assert f"Why {chosen[0]} rather than {chosen[1]}: " in picture
    assert ("Unsigned" in texts(why)) != METHODS[method].is_signed
    assert ("Blind to the target" in texts(why)) == (method in BLIND)
    assert ("Removed: regions left out, words [MASK]" in picture) == METHODS[method].removes
    assert any(b.label == "Removed regions are" for b in why.selectbox) == METHODS[method].removes


def test_a_removal_is_chosen_and_named(why: AppTest) -> None:
    box(why, "Method").set_value("occlusion").run()
    before = charts(why)[1]
    box(why, "Removed regions are").set_value("zero")
    box(why, "Removed words are").set_value("delete").run()
    picture, ranks = charts(why)
    assert "Removed: regions zeroed, words deleted" in picture
    assert ranks != before
    assert why.query_params["regions-gone"] == "zero"
    assert why.query_params["words-gone"] == "delete"
    assert why.query_params["method"] == "occlusion"


def test_shapley_says_its_orders_and_more_can_be_drawn(why: AppTest) -> None:
    box(why, "Method").set_value("shapley").run()
    assert "16 orders; whiskers are 95 % confidence sequences" in texts(why)
    why.select_slider(key="why.orders").set_value(32).run()
    assert not why.exception
    assert "32 orders; whiskers" in texts(why)
    assert why.query_params["orders"] == "32"
    assert "**Not stable yet**: the widest is " in texts(why)


def test_no_more_is_drawn_once_every_interval_is_narrow(
    why: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "SHOWN_EVERY_SECONDS", 0.0)  # so that it draws pair by pair
    monkeypatch.setattr(
        Relevance, "width", property(lambda found: 9.0 if found.orders < 6 else 3.0)
    )
    why.session_state["why.stable"] = 4.0
    box(why, "Method").set_value("shapley").run()
    assert not why.exception
    assert "6 orders; whiskers" in texts(why) and why.query_params["stable"] == "4"
    assert "**Stable**: the widest is 3.0 logits, below 4." in texts(why)


def test_slow_steps_are_shown_one_by_one(why: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(maps, "SHOWN_EVERY_SECONDS", 0.0)
    draw = drawn.relevance_map
    monkeypatch.setattr(drawn, "relevance_map", lambda *a: seen.append(a[0].words) or draw(*a))
    box(why, "Method").set_value("shapley").run()
    assert not why.exception and len(charts(why)) == 2
    assert len(seen) == 8 and any((one != seen[0]).any() for one in seen)


def test_a_cancelled_drawing_shows_what_there_is(
    why: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []
    result_of = waiting.result_of
    monkeypatch.setattr(
        waiting, "result_of", lambda key, *more: keys.append(key) or result_of(key, *more)
    )
    box(why, "Method").set_value("shapley").run()
    why.select_slider(key="why.orders").set_value(8).run()
    with monkeypatch.context() as cancelled:
        (drawn,) = {key.rpartition(" ")[0] for key in keys if "draw " in key and "pairs=4" in key}
        cancelled.setattr(waiting, "cancelled", lambda: f"{drawn} 3")
        cancelled.setattr(relevance.Steps, "so_far", lambda steps, pairs: steps._found[1])
        why.run()
        assert not why.exception
        assert "Stopped after 4 of 8 orders" in texts(why)
        assert "4 orders; whiskers" in texts(why) and len(charts(why)) == 2
    button(why, "Go on").click().run()
    assert "8 orders; whiskers" in texts(why) and "Stopped" not in texts(why)


def test_two_methods_stand_side_by_side_with_their_agreement(why: AppTest) -> None:
    box(why, "Method").set_value("occlusion")
    box(why, "Beside it").set_value("integrated-gradients").run()
    assert not why.exception and len(charts(why)) == 4
    assert "are among the 3 strongest of both" in texts(why)
    assert "with the same sign" in texts(why)
    why.slider(key="why.top").set_value(1).run()
    assert "are among the 1 strongest of both" in texts(why)
    box(why, "Beside it").set_value("bimodal").run()
    assert "of signs nothing can be said: unsigned is Bi-modal relevance" in texts(why)
    box(why, "Method").set_value("bimodal").run()
    assert box(why, "Beside it").value == "" and len(charts(why)) == 2


def test_the_proof_is_computed_when_it_is_opened(
    why: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    prove = relevance.prove
    monkeypatch.setattr(relevance, "prove", lambda *a, **k: asked.append(k) or prove(*a, **k))
    assert "Comprehensiveness" not in texts(why)
    opened_proof(why)
    assert not why.exception
    curves, of_words = charts(why)[2:]
    assert "As words leave" in of_words and "regions stay" in of_words
    assert "As regions leave" in curves and "95 % of random orders" in curves
    assert "Bi-modal relevance: " in curves and "Removed: regions left out" in curves
    said = ("Comprehensiveness", "Sufficiency", "Sign violations", "Complexity", "Rank correlation")
    said += ("head was shuffled", "Max-sensitivity")
    assert [word for word in said if word not in texts(why)] == []
    assert "Test-retest" not in texts(why)
    why.run()
    assert len(asked) == 1
    box(why, "Removed regions are").set_value("mean").run()
    assert "Removed: regions set to the mean" in charts(why)[2] and len(asked) == 2


def test_a_map_no_better_than_random_says_so(why: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = relevance.prove

    def prove(*given: Any, **options: Any) -> Proof:
        found = truth(*given, **options)
        moved = {
            name: replace(curves, positive=curves.oracle + shift)
            for name, curves in (("regions", found.regions), ("words", found.words))
        }
        return replace(found, **moved)

    monkeypatch.setattr(relevance, "prove", prove)
    shift = 99.0
    opened_proof(why)
    assert "This map does no better than random here: as regions leave" in texts(why)
    assert "This map does no better than random here: as words leave" in texts(why)
    assert f"Of {DRAWS} random orders {DRAWS} make it fall" in texts(why)
    shift = -99.0
    box(why, "Removed regions are").set_value("mean").run()
    assert "random here" not in texts(why) and "cannot be told" not in texts(why)


def test_all_figures_are_linked_and_leave_as_a_page_of_their_own(why: AppTest) -> None:
    box(why, "Method").set_value("occlusion")
    box(why, "Beside it").set_value("rollout").run()
    (linked,) = [c for c in why.get("bidi_component") if "linked" in c.proto.component_name]
    data = json.loads(linked.proto.json)
    assert [figure["key"] for figure in data["figures"]] == [
        f"why-{kind}-{side}" for side in ("first", "second") for kind in ("map", "ranks")
    ]
    told = dict(zip(data["labels"], data["sentences"], strict=True))
    assert told["“[CLS]”"] == "“[CLS]”: it always stays, and has no number"
    assert re.fullmatch(
        r"“blue”: Occlusion [+−][\d.]+ logits \(rank \d+ of \d+\), "
        r"Joint attention rollout [\d.]+ \(rank \d+ of \d+\)",
        told["“blue”"],
    )
    assert any(b.label == "Save these figures as a page (HTML)" for b in why.get("download_button"))


def test_the_last_layer_is_taken_apart_when_it_is_opened(why: AppTest, counted: Counted) -> None:
    why.session_state["why.last layer"] = True
    why.run()
    assert not why.exception
    bars = charts(why)[2]
    assert "What the last layer writes toward it" in bars and "feed-forward block" in bars
    assert "words read regions, head 1" in bars and "what enters the last layer" in bars
    assert (
        f"Spearman's correlation of {2 * counted.network.config.num_attention_heads + 1} parts"
        in texts(why)
    )


def test_a_word_and_a_region_are_asked_for_together(why: AppTest) -> None:
    why.session_state["why.together"] = True
    why.run()
    assert not why.exception
    assert "Shapley interaction for" in texts(why) and "128 draws" in texts(why)
    before = next(m.value for m in why.markdown if "beyond what each adds alone" in m.value)
    box(why, "Word").set_value(2).run()
    assert not why.exception
    after = next(m.value for m in why.markdown if "beyond what each adds alone" in m.value)
    assert "“shape”" in after and after != before


def test_match_can_be_the_target(why: AppTest) -> None:
    box(why, "Why").set_value("=match").run()
    assert not why.exception
    assert "the text belongs to the picture: " in charts(why)[0]
    assert not any(b.label == "rather than" for b in why.selectbox)
    assert why.query_params["why"] == "=match"


def test_a_target_stays_with_its_question(why: AppTest) -> None:
    first = box(why, "Why").value
    other = next(a for a in box(why, "Why").options if a != first)
    box(why, "Why").set_value(other).run()
    assert why.query_params["why"] == other
    ask(why, "what is red?")
    assert "why" not in why.query_params
    ask(why, examples.examples()[0].questions[0].text)
    assert box(why, "Why").value == other


def test_the_address_brings_the_same_map(counted: Counted) -> None:
    page = opened()
    page.query_params.update({"method": "occlusion", "why": "cube", "rather": "ball"})
    page.query_params.update({"regions-gone": "mean", "beside": "rollout"})
    page.switch_page(WHY.path).run()
    assert not page.exception
    assert "Why cube rather than ball: " in charts(page)[0]
    assert "regions set to the mean" in charts(page)[0] and len(charts(page)) == 4


def test_what_a_link_names_and_nobody_has_is_said(counted: Counted) -> None:
    page = opened()
    page.query_params.update({"method": "magic", "why": "mauve"})
    page.switch_page(WHY.path).run()
    assert not page.exception
    assert "a method that this version or checkpoint does not have: magic" in texts(page)
    assert "an answer that this version or checkpoint does not have: mauve" in texts(page)
    assert len(charts(page)) == 2


def test_no_regions(counted: Counted) -> None:
    counted.see = lambda regions: regions.only(())
    page = opened().switch_page(WHY.path).run()
    assert not page.exception and len(charts(page)) == 2
    opened_proof(page)
    assert not page.exception
    assert "no order of theirs can be tested" in texts(page)


def test_without_heads_there_is_one_sentence(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.change = lambda trace: replace(trace, answers=(), match=None)
    monkeypatch.setattr(target, "has_head", lambda pipeline, kind: False)
    page = opened().switch_page(WHY.path).run()
    assert not page.exception
    assert "nothing to explain; lxmert-base has both" in texts(page)


def test_a_map_whose_numbers_miss_their_sum_is_not_drawn(
    why: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = relevance.relevance.explain
    monkeypatch.setattr(
        relevance.relevance, "explain", lambda *a, **k: replace(truth(*a, **k), gap=0.07)
    )
    box(why, "Method").set_value("integrated-gradients").run()
    assert not why.exception
    assert "Not drawn: its numbers miss 7%" in texts(why) and not charts(why)


def test_steps_go_on_where_another_visitor_stopped() -> None:
    drawn = (Found(orders) for orders in (2, 4, 6))
    steps = relevance.Steps(drawn)
    heard: list[str] = []
    report = lambda stage, share: heard.append(stage)  # noqa: E731
    assert steps.after(2, 3, report).orders == 4
    assert steps.after(1, 3, report).orders == 2 and len(heard) == 2
    assert steps.after(3, 3, report).orders == 6
    assert heard == ["orders 1 and 2 of 6", "orders 3 and 4 of 6", "orders 5 and 6 of 6"]
    assert steps.after(9, 9, report).orders == 6  # exact values have one step alone
