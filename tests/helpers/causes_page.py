"""What tests of the page Causes share."""

import base64
import json

import numpy as np
from streamlit.testing.v1 import AppTest

from tests.helpers.small_page import texts


def charts(page: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def numbers(values: object) -> np.ndarray:
    if isinstance(values, dict):
        shape = [int(n) for n in str(values.get("shape", "-1")).split(",")]
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).reshape(shape)
    return np.array(values)


def view(page: AppTest, name: str) -> AppTest:
    page.session_state["causes.view"] = name
    page.run()
    assert not page.exception and not page.error, texts(page)
    return page
