"""Means of heads over a set: against a mean made by hand, as a file, and where heads are off."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lxmert_viz.__main__ import main
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import atlas, head_means, surgery
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up

TEXTS = ("what color is the large cube?", "is it red?")


@pytest.fixture(scope="module")
def asked(regions: Regions) -> list[tuple[Regions, str]]:
    return [(regions, TEXTS[0]), (made_up(regions, 2), TEXTS[1])]


@pytest.fixture(scope="module")
def found(tiny_pipeline: Pipeline, asked: list[tuple[Regions, str]]) -> head_means.HeadMeans:
    return head_means.over(tiny_pipeline, asked, "two")


@torch.inference_mode()
def test_every_word_of_every_example_counts_alike(
    tiny_pipeline: Pipeline, asked: list[tuple[Regions, str]], found: head_means.HeadMeans
) -> None:
    target = targets.answer(tiny_pipeline, "red", "blue")
    kept = [Kept(tiny_pipeline, *one, target) for one in asked]
    for key in (("lang", 1), ("cross_vision", 0)):
        every = torch.cat([atlas.context_of(one, *key)[0] for one in kept])
        assert torch.allclose(found.values[key].flatten(), every.mean(0), atol=1e-5)
    assert found.examples == 2 and len(every) == len(asked[0][0]) + 2


def test_of_one_example_it_is_that_examples_own_mean(
    tiny_pipeline: Pipeline, asked: list[tuple[Regions, str]]
) -> None:
    target = targets.answer(tiny_pipeline, "red", "blue")
    own = head_means.over(tiny_pipeline, asked[:1], "one").of(tiny_pipeline)
    heads = [Slot("lang", 1, 2), Slot("cross_lang", 1, 0)]
    here, over = (
        surgery.operate(tiny_pipeline, *asked[0], target, heads, off, given=own)
        for off in (atlas.MEAN, atlas.SET)
    )
    assert over.after == pytest.approx(here.after, abs=1e-4)
    assert np.allclose(over.controls, here.controls, atol=1e-4)
    one, other = (
        atlas.atlas(tiny_pipeline, *asked[0], target, off, given=own)
        for off in (atlas.MEAN, atlas.SET)
    )
    assert np.allclose(one.scores("exact"), other.scores("exact"), atol=1e-4)
    assert np.allclose(one.scores("estimate"), other.scores("estimate"), atol=1e-4)


def test_a_file_of_them_is_read_again_and_damage_is_seen(
    tiny_pipeline: Pipeline, found: head_means.HeadMeans
) -> None:
    told = json.loads(json.dumps(found.told()))
    again = head_means.read(told)
    assert again.digest == found.digest and again.of(tiny_pipeline).keys() == found.values.keys()
    told["values"]["lang.1"] = told["values"]["lang.0"]
    with pytest.raises(OptionError, match="are damaged: their digest is another"):
        head_means.read(told)
    with pytest.raises(OptionError, match="no file of head means"):
        head_means.read({"kind": head_means.KIND})
    other = head_means.HeadMeans("0" * 64, "two", 2, found.values)
    with pytest.raises(OptionError, match="made with another checkpoint"):
        other.of(tiny_pipeline)


def test_a_set_of_nothing_and_a_missing_set_are_said(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    with pytest.raises(OptionError, match="nothing has no example"):
        head_means.over(tiny_pipeline, [], "nothing")
    target = targets.answer(tiny_pipeline, "red", "blue")
    with pytest.raises(OptionError, match="no set is given"):
        atlas.atlas(tiny_pipeline, regions, TEXTS[0], target, atlas.SET)


def test_the_command_writes_the_means_of_a_dataset_and_heads_are_off_by_them(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    photograph: bytes,
    regions: Regions,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of a set of one example they are that example's own, which `--off mean` uses."""
    data, file = tmp_path / "one", tmp_path / "means.json"
    (data / "images").mkdir(parents=True)
    (data / "images" / "a.jpg").write_bytes(photograph)
    top = tiny_pipeline.ask(regions, TEXTS[0]).answers[0].text
    (data / "questions.csv").write_text(f"id,image,question,answer\n1,a,{TEXTS[0]},{top}\n")
    given = ["cause", str(data), "--model", str(tiny_folder), "--device", "cpu"]
    assert main([*given, "--view", "means", "--out", str(file)]) == 0
    assert "means over 1 examples of questions" in capsys.readouterr().out
    written = head_means.read(json.loads(file.read_text())).of(tiny_pipeline)
    kept = Kept(tiny_pipeline, regions, TEXTS[0], targets.answer(tiny_pipeline, "red", "blue"))
    for key, values in written.items():
        with torch.inference_mode():
            own = atlas.context_of(kept, *key)[0].mean(0)
        assert torch.allclose(values.flatten(), own, atol=1e-5), key
    effects = []
    for off in (["mean"], ["set", "--means", str(file)]):
        name = str(tmp_path / off[0])
        assert main([*given, "--off", *off, "--out", name, "--table", f"{name}.csv"]) == 0
        effects.append(pd.read_csv(f"{name}.csv")["effect"])
    assert effects[0].abs().max() > 0.01 and np.allclose(*effects, atol=1e-4)
    assert main([*given, "--view", "means", "--out", str(tmp_path / "means")]) == 2
    assert "Name a file for the means: --out FILE.json." in capsys.readouterr().err
