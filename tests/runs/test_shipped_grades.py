"""What the shipped table of the miniature says; `check explanations` writes it again."""

import pandas as pd
import pytest

from lxmert_viz.experiments.relevance import METHODS
from lxmert_viz.places import ASSETS
from lxmert_viz.runs.grades import GRADES, RANDOM, read_grades
from lxmert_viz.runs.known_causes import ALL, CONTENDED


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    table = read_grades(ASSETS / "miniature" / GRADES)
    return table[table.method != ""].set_index(["method", "type"])


def test_signs_are_told_by_shapley_values_and_by_nothing_unsigned(rows: pd.DataFrame) -> None:
    shapley = rows.loc[("shapley", CONTENDED)]
    assert shapley.sign_right_of > 100
    assert shapley.sign_right_low > rows.loc[("occlusion", CONTENDED)].sign_right_high
    assert shapley.sign_right > 0.95
    for name, method in METHODS.items():
        if (name, CONTENDED) in rows.index:
            assert pd.isna(rows.loc[(name, CONTENDED)].sign_right) != method.is_signed


@pytest.mark.parametrize("method", ["occlusion", "shapley", "bimodal"])
@pytest.mark.parametrize("kind", ["attribute", "relation", "same"])
def test_these_point_right_beyond_noise(rows: pd.DataFrame, method: str, kind: str) -> None:
    own = rows.loc[(method, kind)]
    assert own.points_right > 0.97
    assert own.points_right_low > rows.loc[(RANDOM, kind)].points_right


def test_baselines_do_not_depend_on_the_answer(rows: pd.DataFrame) -> None:
    for method in ("attention", "rollout", "value-norm"):
        own = rows.loc[(method, ALL)]
        assert (own.other_target, own.random_head) == pytest.approx((1, 1))
