"""Threads sleep while they wait, in every program that asks a network; a person's choice stays."""

import os
import subprocess
import sys

import pytest

from lxmert_viz import openmp
from lxmert_viz.places import ROOT

WATCH = """
import os, sys
class Watch:
    def find_spec(self, name, *others):
        if name == "torch":
            print("torch finds", os.environ.get("OMP_WAIT_POLICY"))
sys.meta_path.insert(0, Watch())
"""
STARTS = {
    "command": "from lxmert_viz.__main__ import main\n"
    "main(['ask', 'assets/study/images/scene-8500000.jpg', 'what is red?'])",
    "page": "from streamlit.testing.v1 import AppTest\n"
    "AppTest.from_file('app.py', default_timeout=120).run()",
}


@pytest.mark.parametrize("start", STARTS)
def test_it_is_said_before_torch_is_imported(start: str) -> None:
    others = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run(
        [sys.executable, "-c", WATCH + STARTS[start]],
        cwd=ROOT,
        env=others,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "torch finds PASSIVE" in told.stdout


def test_what_a_person_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    openmp.wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
