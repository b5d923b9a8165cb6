"""Where files for tests lie."""

from lxmert_viz.places import ROOT

FIXTURES = ROOT / "tests" / "fixtures"
