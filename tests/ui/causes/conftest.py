"""The page on a tiny checkpoint."""

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.ui.frame.navigation import CAUSES


@pytest.fixture
def opened(page: AppTest) -> AppTest:
    return page.switch_page(CAUSES.path).run()
