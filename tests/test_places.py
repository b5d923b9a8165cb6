import runpy
import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from lxmert_viz import places
from lxmert_viz.checkpoints.folder import MODELS_VARIABLE, models_folder
from lxmert_viz.region_files.cache import usual_folder
from lxmert_viz.runs.states import STATES_VARIABLE, states_folder

REPOSITORY = Path(__file__).parent.parent


def test_a_checkout_has_its_files_beside_the_package() -> None:
    assert places.ROOT == REPOSITORY
    assert places.APP.is_file()
    assert places.ASSETS.is_dir()


def test_an_installed_package_has_its_files_inside(tmp_path: Path) -> None:
    package = tmp_path / "lxmert_viz"
    (package / "_app" / "assets").mkdir(parents=True)
    copy = runpy.run_path(str(shutil.copy(places.__file__, package)))
    assert copy["ASSETS"] == package / "_app" / "assets"
    assert copy["APP"] == package / "_app" / "app.py"


def test_all_that_nobody_placed_lies_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (MODELS_VARIABLE, STATES_VARIABLE, places.DATA_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path))
    folders = {models_folder(), states_folder(), places.data_folder(), usual_folder()}
    assert folders == {tmp_path / name for name in ("models", "states", "data", "regions")}


def test_tests_stay_away_from_the_persons_folders() -> None:
    named = (places.cache_folder(), models_folder(), states_folder(), places.data_folder())
    for folder in (*named, usual_folder(), Path(constants.HF_HUB_CACHE)):
        assert not folder.is_relative_to(Path.home() / ".cache")
