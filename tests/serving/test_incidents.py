"""An error of ours: the visitor reads a number, the log has the reason, neither quotes anyone."""

import json
import re
from pathlib import Path

import pytest

from lxmert_viz.serving import logs
from tests.helpers.page_client import Visitor, waited
from tests.helpers.served_page import served

SECRET = "is that my neighbour"
BROKEN = """
import streamlit as st
st.markdown("before")
raise RuntimeError(st.query_params["text"])
"""


@pytest.mark.parametrize("quoted", [False, True])
def test_an_error_has_one_number_on_the_page_and_in_the_log(tmp_path: Path, quoted: bool) -> None:
    script = tmp_path / "broken.py"
    script.write_text(BROKEN)

    async def visit(address: str) -> Visitor:
        visitor = await Visitor.come(address)
        await visitor.see(text=SECRET)
        await visitor.leave()
        return visitor

    with (
        (tmp_path / "log").open("w") as log,
        served(script, *(["--log-texts"] if quoted else []), log=log) as address,
    ):
        visitor = waited(visit(address))
    assert visitor.of("exception") == []
    shown = re.search(r"as error \*\*([0-9a-f]{8})\*\*", visitor.text)
    assert shown
    said = (tmp_path / "log").read_text()
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    (error,) = [line for line in told if line["event"] == "error"]
    assert error["id"] == shown[1]
    assert error["error"] == "RuntimeError"
    assert error["where"][-1] == "broken.py:4 <module>"
    assert (SECRET in said) == quoted


def test_an_error_in_the_log_is_a_line_with_its_places() -> None:
    def fall() -> None:
        raise KeyError(SECRET)

    with pytest.raises(KeyError) as caught:
        fall()
    told = logs.of_error(caught.value)
    assert told["error"] == "KeyError"
    assert re.fullmatch(r"test_incidents.py:\d+ fall", told["where"][-1])
    assert SECRET not in json.dumps(told)
