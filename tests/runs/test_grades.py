from pathlib import Path

import pandas as pd
import pytest

from lxmert_viz.errors import CheckpointError
from lxmert_viz.runs.grades import GRADES, Graded, line_of, lines_of, read_grades
from lxmert_viz.whole_files import write_text
from tests.helpers.graded import grades


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    table = grades()
    write_text(tmp_path / GRADES, table.to_csv(index=False))
    pd.testing.assert_frame_equal(read_grades(tmp_path / GRADES), table.fillna({"left_out": ""}))


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\xff\xfe\x00"])
def test_what_is_no_such_table_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / GRADES).write_bytes(content)
    with pytest.raises(CheckpointError, match=GRADES):
        read_grades(tmp_path / GRADES)


def test_a_line_is_shares_with_intervals_and_means() -> None:
    own = Graded()
    for right, mass in ((1.0, 0.2), (0.0, 0.4)):
        own.add({"points_right": right, "mass": mass})
    line = line_of("occlusion", "count", own, 0.5)
    assert (line["examples"], line["seen"]) == (2, 0.5)
    assert (line["points_right"], line["points_right_of"]) == (0.5, 2)
    assert line["points_right_low"] < 0.1 and line["points_right_high"] > 0.9
    assert line["mass"] == pytest.approx(0.3)
    assert line["sign_right_of"] == 0 and pd.isna(line["sign_right"])


def test_a_terminal_shows_signs_of_contended_questions() -> None:
    head, bimodal, occlusion, noise, left = lines_of(grades())
    assert "sign right" in head
    assert bimodal.split()[:3] == ["bimodal", "20", "100.0%"]
    assert "95.0% (76% to 99%)" in occlusion and "95.0%" not in bimodal + noise.split("%")[0]
    assert left == "left out: the answer stays without its objects, count (5)"
