from pathlib import Path

from lxmert_viz.ui.frame import navigation


def test_every_page_is_listed_once() -> None:
    files = [page.file for page in navigation.ALL]
    assert sorted(files) == sorted(path.name for path in navigation.PAGES.glob("*_page.py"))
    assert len({page.title for page in navigation.ALL}) == len(navigation.ALL)
    assert all(Path(page.path).is_file() for page in navigation.ALL)


def test_pages_about_datasets_and_models_ask_nothing() -> None:
    without = {page.title for page in navigation.ALL if not page.asks}
    assert without == {"Mistakes", "Triage", "Two runs", "Models"}
