import runpy
import shutil
from pathlib import Path

from lxmert_viz import places

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
