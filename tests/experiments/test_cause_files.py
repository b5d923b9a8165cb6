"""Experiments as files: run again they give the same figures, and broken ones are said."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import cause_files
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.cause_files import Cause
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "what color is the large cube?"
OTHER = "what color is the small cube?"
OPTIONS = {
    "surgery": {"heads": [["lang", 1, 2], ["cross_lang", 0, 0]], "off": "mean"},
    "atlas": {"off": "zero"},
    "edges": {
        "width": 2,
        "edges": [
            {"name": "words read regions", "family": "lang_from_vision"},
            {"name": "one", "family": "lang_from_vision", "queries": [4], "keys": [1]},
        ],
    },
    "patching": {"grid": "output", "direction": "noising"},
    "steering": {"heads": [["lang_from_vision", 1, 2]]},
    "counterfactuals": {},
    "flow": {
        "root": ["lang", 2, 0],
        "nodes": 0.9,
        "edges": 0.9,
        "by": "attribution",
        "pins": [["vision", 0, 1, "it"], ["vision", 1, 1, "it"], ["lang", 0, 3, ""]],
    },
    "edge": {"source": ["vision", 0, 2], "reader": ["lang", 1, 4]},
}


def cause_of(pipeline: Pipeline, regions: Regions, kind: str) -> Cause:
    examples = ((regions, TEXT), (regions, OTHER))[: 2 if kind == "patching" else 1]
    return Cause(kind, targets.answer(pipeline, "red", "blue"), examples, OPTIONS[kind], seed=4)


@pytest.mark.parametrize("kind", list(cause_files.KINDS))
def test_a_file_gives_the_same_figures_again(
    tiny_pipeline: Pipeline, regions: Regions, kind: str
) -> None:
    cause = cause_of(tiny_pipeline, regions, kind)
    figures = cause_files.run(tiny_pipeline, cause)
    assert np.nanstd(figures.select_dtypes("number").to_numpy()) > 0
    told, again, kept = cause_files.read(cause_files.written(tiny_pipeline, cause, figures))
    assert again.target == cause.target and again.seed == 4
    for one, other in zip(again.examples, cause.examples, strict=True):
        assert one[1] == other[1] and one[0].names == other[0].names
        for name in ("feats", "boxes_unit", "scores", "object_ids"):
            assert np.array_equal(getattr(one[0], name), getattr(other[0], name))
    cause_files.check_model(tiny_pipeline, told)
    found = cause_files.run(tiny_pipeline, again)
    assert cause_files.difference(found, kept) < 1e-5


def test_the_command_runs_a_file_again(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    regions: Regions,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cause = cause_of(tiny_pipeline, regions, "surgery")
    text = cause_files.written(tiny_pipeline, cause, cause_files.run(tiny_pipeline, cause))
    path, table = tmp_path / "heads-off.json", tmp_path / "figures.csv"
    path.write_text(text)
    given = ["cause", str(path), "--model", str(tiny_folder), "--device", "cpu"]
    assert main([*given, "--table", str(table)]) == 0
    assert "figures as in the file: largest difference" in capsys.readouterr().out
    assert len(pd.read_csv(table)) == 22
    path.write_text(text.replace(tiny_pipeline.digest, "0" * 64))
    assert main(given) == 2
    assert "is another checkpoint: name the right one with --model" in capsys.readouterr().err
    assert main(["cause", str(tmp_path / "none.json")]) == 2
    assert "There is no file" in capsys.readouterr().err
    assert main(["cause", str(table)]) == 2
    assert "is a table of figures. What was measured over a set" in capsys.readouterr().err
    assert main(["cause", str(tmp_path)]) == 2
    assert "--out RUN" in capsys.readouterr().err


def test_a_changed_figure_is_seen(tiny_pipeline: Pipeline, regions: Regions) -> None:
    cause = cause_of(tiny_pipeline, regions, "surgery")
    figures = cause_files.run(tiny_pipeline, cause)
    other = figures.assign(target=figures["target"] + [0.25, *[0.0] * (len(figures) - 1)])
    assert cause_files.difference(figures, other) == pytest.approx(0.25)
    with pytest.raises(OptionError, match="21 rows of figures and now there are 22"):
        cause_files.difference(figures, other[1:])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.pop("target"), "no file of an experiment"),
        (lambda told: told.update(format=9), "has the format 9, and this version reads 1"),
        (lambda told: told.update(kind="mind"), "'mind' is no experiment"),
        (lambda told: told.update(options={}), "needs to know which heads"),
        (lambda told: told.update(options={"heads": [["lang", 99, 0]]}), "no language layer 100"),
        (lambda told: told.update(examples=[]), "of 1 examples, and here are 0"),
        (lambda told: told["examples"][0]["regions"]["feats"].update(dtype="O"), "damaged"),
        (lambda told: told["examples"][0]["regions"]["feats"].update(base64="é"), "damaged"),
        (lambda told: told["examples"][0]["regions"].pop("names"), "damaged"),
    ],
)
def test_a_broken_file_is_said_in_a_sentence(
    tiny_pipeline: Pipeline, regions: Regions, change: object, said: str
) -> None:
    cause = cause_of(tiny_pipeline, regions, "surgery")
    figures = pd.DataFrame({"run": ["x"], "target": [1.0]})
    told = json.loads(cause_files.written(tiny_pipeline, cause, figures))
    change(told)
    with pytest.raises(OptionError, match=said):
        cause_files.run(tiny_pipeline, cause_files.read(json.dumps(told))[1])
    with pytest.raises(OptionError, match="no file of an experiment"):
        cause_files.read("[]")
