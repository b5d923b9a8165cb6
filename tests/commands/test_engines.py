"""Where a command computes."""

import argparse
from pathlib import Path

import pytest

from lxmert_viz.commands.engines import add_engine_options, engine, hold_elsewhere
from lxmert_viz.model.devices import processor_threads


def parsed(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_engine_options(parser)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--regions")
    return parser.parse_args(given)


def test_threads_of_this_process_are_as_asked(tmp_path: Path) -> None:
    before = processor_threads()
    try:
        with engine(parsed("--threads", "1"), tmp_path / "log") as site:
            assert site is None and processor_threads() == 1
    finally:
        processor_threads(before)
    assert not (tmp_path / "log").exists()


def test_paths_hold_where_actors_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for given, out, regions in (
        ((), "run", "r.tsv"),
        (("--engine", "ray"), tmp_path / "run", str(tmp_path / "r.tsv")),
    ):
        options = parsed("--out", "run", "--regions", "r.tsv", *given)
        hold_elsewhere(options)
        assert (str(options.out), options.regions) == (str(out), regions)
    options = parsed("--engine", "ray", "--regions", "look")
    hold_elsewhere(options)
    assert options.regions == "look" and options.out is None


@pytest.mark.parametrize("wrong", [("--workers", "0"), ("--threads", "0"), ("--gpus", "0")])
def test_nothing_is_computed_by_nobody(wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*wrong)
