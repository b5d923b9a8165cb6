"""The self-check of a person's own model: its regions are judged as they are at hand."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from lxmert_viz.__main__ import main
from lxmert_viz.checks import regions, selfcheck, weights
from lxmert_viz.checks.findings import NOT_APPLICABLE, RIGHT, WRONG
from lxmert_viz.checks.subject import AtHand, Subject, open_subject
from lxmert_viz.places import ASSETS

STUDY_REGIONS = ASSETS / "study" / "regions.tsv"
JUDGED = (regions.FEATURES, regions.COLOURS, regions.BOXES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The miniature as a person's own model, of whose pictures nothing is known."""
    own = Path(shutil.copytree(ASSETS / "miniature", tmp_path / "mine"))
    (own / "scope.json").write_text(json.dumps({"world": "My own pictures."}))
    return own


@pytest.fixture
def subject(folder: Path) -> Subject:
    return open_subject(folder, "cpu")


def of_file(subject: Subject, change: dict[str, np.ndarray]) -> Subject:
    """As if a file held the regions that were found, changed in one thing."""
    (first, *_) = subject.at_hand.regions
    return replace(subject, others=AtHand((replace(first, **change),), (), "of a file"))


def test_regions_of_its_own_detector_are_judged(folder: Path) -> None:
    found = {f.check: f for f in selfcheck.check(folder, device="cpu")}
    assert {found[name].state for name in JUDGED} == {RIGHT}
    assert "finds in the shipped scenes" in found[regions.FEATURES].said


def test_a_detector_that_reads_colours_swapped_is_surer_of_the_others(folder: Path) -> None:
    file = folder / "detector" / "model.safetensors"
    tensors = load_file(file)
    name = "backbone.stem.conv1.weight"
    save_file(tensors | {name: tensors[name].flip(1).contiguous()}, file)
    config = json.loads((folder / "detector" / "config.json").read_text())
    config["pixel_mean_bgr"].reverse()
    (folder / "detector" / "config.json").write_text(json.dumps(config))
    found = regions.check_channels(open_subject(folder, "cpu"))
    assert found.state == WRONG
    assert "R G B" in found.said


def test_without_a_detector_a_file_of_regions_is_judged(folder: Path) -> None:
    shutil.rmtree(folder / "detector")
    found = {f.check: f for f in selfcheck.check(folder, device="cpu")}
    assert found[selfcheck.OPENS].state == found[weights.FINITE].state == RIGHT
    assert {found[name].state for name in JUDGED} == {NOT_APPLICABLE}
    assert "--regions FILE" in found[regions.BOXES].said
    found = {f.check: f for f in selfcheck.check(folder, device="cpu", regions=STUDY_REGIONS)}
    assert found[regions.FEATURES].state == found[regions.BOXES].state == RIGHT
    assert "32 pictures of regions.tsv" in found[regions.BOXES].said


def test_features_of_unit_length_are_seen(subject: Subject) -> None:
    feats = subject.at_hand.regions[0].feats
    unit = feats / np.linalg.norm(feats, axis=1, keepdims=True)
    found = regions.check_features(of_file(subject, {"feats": unit}))
    assert (found.state, "all have one length" in found.said) == (WRONG, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda feats: feats - 1, "negative"),
        (lambda feats: feats * np.float32(np.nan), "NaN or infinite"),
        (lambda feats: feats[:, :5], "5 numbers a region of a file, and the network takes"),
    ],
)
def test_features_that_no_detector_makes_are_seen(
    subject: Subject, change: object, said: str
) -> None:
    feats = change(subject.at_hand.regions[0].feats)
    found = regions.check_features(of_file(subject, {"feats": feats}))
    assert (found.state, said in found.said) == (WRONG, True)


def test_features_of_photographs_are_measured_against_the_published_ones(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = subject.pipeline.network.config.visual_feat_dim
    monkeypatch.setattr(regions, "PUBLISHED_FEATURES", size)
    found = regions.check_features(of_file(subject, {}))
    assert (found.state, "not 30 to 130" in found.said) == (WRONG, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda boxes: boxes * 300, "boxes run from"),
        (lambda boxes: boxes[:, [2, 1, 0, 3]], "have no area"),
        (lambda boxes: boxes / 300, "divided twice"),
    ],
)
def test_boxes_in_another_frame_are_seen(subject: Subject, change: object, said: str) -> None:
    boxes = np.ascontiguousarray(change(subject.at_hand.regions[0].boxes_unit))
    found = regions.check_boxes(of_file(subject, {"boxes_unit": boxes}))
    assert (found.state, said in found.said) == (WRONG, True)


def test_the_command_takes_a_file_of_regions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folder / "detector")
    (folder / "config.json").unlink()
    asked = ["check", str(folder), "--device", "cpu", "--regions", str(STUDY_REGIONS)]
    assert main(asked) == 0
    shown = capsys.readouterr().out
    assert "no config.json says how many answers" in shown
    assert "fit together. There is no config.json beside model.safetensors" in shown
    assert "right           Box frame: 200 boxes" in shown
