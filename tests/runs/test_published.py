"""Published figures beside measured ones, on small sets in the layouts of their datasets."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.runs.published import (
    BASE,
    PUBLISHED,
    Held,
    Published,
    hold,
    lines_of,
    of_checkpoint,
)

COLOURS = ("red", "blue", "yellow", "green")


def unheard(stage: str, share: float) -> None:
    """Nobody watches."""


@pytest.fixture
def valse(tiny_pipeline: Pipeline, photograph: bytes, tmp_path: Path) -> Path:
    """Two pieces of four and two entries."""
    folder = tmp_path / "data" / "valse"
    folder.mkdir(parents=True)
    seen = tiny_pipeline.look(photograph)
    write_regions(folder / "regions.tsv", ((f"p{n}", seen) for n in range(4)))
    for name, count in (("existence", 4), ("plurals", 2)):
        entries = {
            str(n): {"image_file": f"p{n}", "caption": f"a {c} ball", "foil": f"no {c} {name}"}
            for n, c in enumerate(COLOURS[:count])
        }
        (folder / f"{name}.json").write_text(json.dumps(entries))
    return folder.parent


def test_every_figure_names_its_source_and_its_conditions() -> None:
    assert len(PUBLISHED) == 14
    for one in PUBLISHED:
        assert one.source and one.conditions and one.how and 0 < one.value < 100
    assert {p.value for p in of_checkpoint(BASE)} == {59.6, 53.5, 19.25, 7.0, 4.0, 56.81, 68.73}
    assert of_checkpoint("my-own") == PUBLISHED


def test_what_is_at_hand_is_measured_as_its_authors_do(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, valse: Path, tmp_path: Path
) -> None:
    listed = tuple(p for p in PUBLISHED if p.folder in ("valse", "winoground"))[:3]
    runs = tmp_path / "runs"
    found = list(hold(tiny_pipeline, tiny_folder, listed, valse, runs, unheard))
    seen, shares, both = tiny_pipeline.look(photograph), [], []
    for name, count in (("existence", 4), ("plurals", 2)):
        logits = np.array(
            [
                [s.match_logits for s in tiny_pipeline.score_many([(seen, t) for t in texts])]
                for texts in ((f"a {c} ball", f"no {c} {name}") for c in COLOURS[:count])
            ]
        )
        shares.append((logits[:, 0, 1] > logits[:, 1, 1]).mean())
        odds = logits[..., 1] - logits[..., 0]
        both.append(((odds[:, 0] > 0).mean() + (odds[:, 1] < 0).mean()) / 2)
    assert found[0].measured == pytest.approx(100 * np.mean(shares))
    assert found[1].measured == pytest.approx(100 * np.mean(both))
    assert found[0].units == 6
    assert found[2].measured is None and "there is no" in found[2].why_not
    assert sorted(p.name for p in (runs / "valse").iterdir()) == ["existence", "plurals"]


def test_a_line_says_whether_it_lies_within() -> None:
    one = Published("a", BASE, "score", 60.0, "paper", "all", "a", "there")
    held = Held(one, 59.0, (58.0, 61.0), 10)
    assert held.is_within and "-1.00: the published figure lies within" in "\n".join(lines_of(held))
    far = replace(held, interval=(58.0, 59.5))
    assert not far.is_within and "lies OUTSIDE" in "\n".join(lines_of(far))


def test_the_command_lists_without_any_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--published", "lxmert-base"]) == 0
    told = capsys.readouterr().out
    assert "VALSE, mean of 11 pieces, acc_r: published 59.60 with lxmert-base" in told
    assert "not run: no --data was named; get it from" in told
