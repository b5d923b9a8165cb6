"""What leaves as a file: a spreadsheet runs nothing of it, and every reader can read it."""

import csv
import io
from html.parser import HTMLParser

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lxmert_viz.figures import saving
from lxmert_viz.figures.report import Bar, Section, Shown, report_page
from lxmert_viz.figures.stage_page import page
from lxmert_viz.going_out import INSTEAD, as_csv, cell, writable

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-x", "=")
CONTROLS = "a\x00b\x1bc\x85d\ud800e\ufffef"
SHOWN = f"a{INSTEAD}b{INSTEAD}c{INSTEAD}d{INSTEAD}e{INSTEAD}f"


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}".replace("\r", "\n")


@pytest.mark.parametrize("value", ["-5", "+3.25", "-1e-07", "-.5", "", "red", "a=b", -5, 0.5, None])
def test_numbers_and_other_cells_stay(value: object) -> None:
    assert cell(value) == value


def test_a_table_keeps_its_numbers_and_its_names_run_as_little() -> None:
    table = pd.DataFrame(
        {"text": ["=1+1", None], "n": [-1, -2], "p": [-0.5, float("nan")], "=x": [True, False]}
    )
    assert as_csv(table) == "text,n,p,'=x\n'=1+1,-1,-0.5,True\n,-2,,False\n"
    assert as_csv(table[["p"]], "%.2f") == 'p\n-0.50\n""\n'
    assert as_csv(table[:0]) == "text,n,p,'=x\n"


@given(st.text())
def test_any_text_comes_back_from_a_csv_and_can_be_encoded(text: str) -> None:
    written = as_csv(pd.DataFrame({"text": [text], "n": [1]}, dtype=object))
    written.encode()
    row = list(csv.reader(io.StringIO(written, newline="")))[1]
    assert row == [cell(text), "1"]


def test_numbers_of_a_figure_run_nothing() -> None:
    figure = go.Figure(go.Bar(x=[-0.25], y=["=1+1"], name="@x"), {"title": {"text": "-t"}})
    (row,) = csv.DictReader(io.StringIO(saving.numbers_as_csv(figure, "+a \x1b")))
    told = (row["figure"], row["about"], row["series"], row["x"], row["y"])
    assert told == ("'-t", f"'+a {INSTEAD}", "'@x", "-0.25", "'=1+1")
    figure.update_layout(title_text=f"../{CONTROLS}/=x")
    assert saving.file_name(figure) == "lxmert-a-b-c-d-e-f-x"


def test_pages_hold_no_control_characters() -> None:
    shown = Shown("", CONTROLS, CONTROLS, CONTROLS, True, CONTROLS, CONTROLS, CONTROLS, CONTROLS)
    section = Section(CONTROLS, CONTROLS, (Bar(CONTROLS, 0.5, CONTROLS),))
    report = report_page(CONTROLS, [(CONTROLS, CONTROLS)], [section], [], [shown])
    for made in (report, page(b"LXST", CONTROLS)):
        assert writable(made) == made
        assert SHOWN in made
        HTMLParser().feed(made)
