"""Where this project's own files lie: the same below a checkout and below an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_IN_WHEEL = _PACKAGE / "_app"  # pyproject.toml maps app.py, .streamlit and assets there

ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent
APP = ROOT / "app.py"
ASSETS = ROOT / "assets"

DATA_VARIABLE = "LXMERT_VIZ_DATA"  # the folder of datasets and runs that the page offers
KEEP_PICTURES_VARIABLE = "LXMERT_VIZ_KEEP_PICTURES"  # hours that uploads stay; 0: not at all
