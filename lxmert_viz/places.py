"""Where this project's own files lie: the same below a checkout and below an installed wheel."""

import os
from pathlib import Path

PACKAGE = Path(__file__).parent  # the code
_IN_WHEEL = PACKAGE / "_app"  # pyproject.toml maps app.py, .streamlit and assets there

ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else PACKAGE.parent
APP = ROOT / "app.py"
ASSETS = ROOT / "assets"

DATA_VARIABLE = "LXMERT_VIZ_DATA"  # the folder of datasets and runs that the page offers
KEEP_PICTURES_VARIABLE = "LXMERT_VIZ_KEEP_PICTURES"  # hours that uploads stay; 0: not at all
PRECISION_VARIABLE = "LXMERT_VIZ_PRECISION"  # of the page's detectors: full or mixed
DEVICE_VARIABLE = "LXMERT_VIZ_DEVICE"  # that the page computes on: auto, cpu, cuda or cuda:1
PACKED_VARIABLE = "LXMERT_VIZ_PACKED"  # set where the page's networks are laid out for speed
BACKEND_VARIABLE = "LXMERT_VIZ_BACKEND"  # of the page's detectors: own or detectron2
AUTH_VARIABLE = "LXMERT_VIZ_AUTH"  # set where visitors log in
PUBLIC_VARIABLE = "LXMERT_VIZ_PUBLIC"  # set where strangers come
CACHE_VARIABLE = "LXMERT_VIZ_CACHE"


def cache_folder() -> Path:
    """Where lies what nobody placed elsewhere: as the environment says, else with the person."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "lxmert-viz")


def is_public() -> bool:
    """Strangers come: they see examples and what they give, no folder, and nothing is kept."""
    return bool(os.environ.get(PUBLIC_VARIABLE))


def data_folder() -> Path:
    """Where the page finds datasets and keeps runs: as `serve --data` says, else in the cache."""
    asked = os.environ.get(DATA_VARIABLE)
    return Path(asked) if asked else cache_folder() / "data"
