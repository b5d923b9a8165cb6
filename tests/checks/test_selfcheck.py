"""The self-check on the shipped miniature, and on copies of it that are wrong in one thing each."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lxmert_viz.__main__ import main
from lxmert_viz.checkpoints.download import RemoteFile
from lxmert_viz.checkpoints.record import Plan, write_record
from lxmert_viz.checks import answers, files, regions, selfcheck, weights
from lxmert_viz.checks import subject as subjects
from lxmert_viz.checks.findings import NOT_APPLICABLE, RIGHT, WRONG, Finding
from lxmert_viz.checks.subject import Published, Subject, Truth, open_subject
from lxmert_viz.config import read_json
from lxmert_viz.detector.selection import describe_boxes
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from tests.conftest import LXMERT

SHIPPED = ASSETS / "miniature"


@pytest.fixture(scope="module")
def subject() -> Subject:
    return open_subject(SHIPPED, "cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "mine"))


def altered(subject: Subject, pipeline: Pipeline) -> Subject:
    """The same pictures, as another checkpoint sees them."""
    return replace(subject, pipeline=pipeline)


def with_weights(
    folder: Path, file: str, name: str, change: Callable[[torch.Tensor], torch.Tensor]
) -> Pipeline:
    tensors = load_file(folder / file)
    tensors[name] = change(tensors[name]).contiguous()
    save_file(tensors, folder / file)
    return Pipeline.open(folder, device="cpu")


def test_the_shipped_miniature_behaves_like_itself(subject: Subject) -> None:
    findings = [look(subject) for _, look in selfcheck.OF_NETWORK]
    states = {finding.check: finding.state for finding in findings}
    assert states.pop(weights.KNOWN_ANSWER) == NOT_APPLICABLE
    assert set(states.values()) == {RIGHT}, findings
    assert all(finding.said for finding in findings)


def test_swapped_channels_are_seen(subject: Subject, folder: Path) -> None:
    pipeline = with_weights(
        folder, "detector/model.safetensors", "backbone.stem.conv1.weight", lambda w: w.flip(1)
    )
    wrong = altered(subject, pipeline)
    own = tuple(
        replace(truth, regions=wrong.described(truth.regions, truth.picture_rgb))
        for truth in wrong.truths
    )
    found = regions.check_channels(replace(wrong, truths=own))
    assert found.state == WRONG
    assert "R G B" in found.said


def test_swapped_match_logits_are_seen(subject: Subject, folder: Path) -> None:
    for part in ("weight", "bias"):
        name = f"cls.seq_relationship.{part}"
        pipeline = with_weights(folder, "model.safetensors", name, lambda t: t.flip(0))
    found = answers.check_match(altered(subject, pipeline))
    assert found.state == WRONG
    assert "index 0 means match" in found.said


def test_a_match_head_that_tells_nothing_is_seen(subject: Subject, folder: Path) -> None:
    pipeline = with_weights(
        folder, "model.safetensors", "cls.seq_relationship.weight", torch.zeros_like
    )
    found = answers.check_match(altered(subject, pipeline))
    assert (found.state, "hardly apart" in found.said) == (WRONG, True)


def test_a_shuffled_list_of_answers_is_seen(subject: Subject, folder: Path) -> None:
    names = json.loads((folder / "answers.json").read_text())
    (folder / "answers.json").write_text(json.dumps(names[1:] + names[:1]))
    assert files.check_answer_list(folder).state == RIGHT  # its length alone tells nothing
    found = answers.check_alignment(altered(subject, Pipeline.open(folder, device="cpu")))
    assert found.state == WRONG
    assert "another order" in found.said


@pytest.mark.parametrize(
    ("content", "said"), [('["yes"]', "1 names"), ("7", "not a list"), ("[]", "no answers.json")]
)
def test_a_list_of_another_length_is_seen(folder: Path, content: str, said: str) -> None:
    (folder / "answers.json").write_text(content)
    found = files.check_answer_list(folder)
    assert (found.state, said in found.said) == (WRONG, True)


def test_another_list_than_the_published_one_is_seen(folder: Path, test_data: Path) -> None:
    own = folder.rename(folder.parent / "lxmert-vqa")
    config = json.loads((own / "config.json").read_text()) | {"num_qa_labels": 3129}
    (own / "config.json").write_text(json.dumps(config))
    shutil.copy(test_data / "vqa_label2ans.json", own / "answers.json")
    assert files.check_answer_list(own).state == RIGHT
    names = json.loads((own / "answers.json").read_text())
    (own / "answers.json").write_text(json.dumps(sorted(names)))
    found = files.check_answer_list(own)
    assert (found.state, "not the published list" in found.said) == (WRONG, True)


def test_an_untied_decoder_is_seen(subject: Subject, folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    words = tensors["lxmert.embeddings.word_embeddings.weight"].clone()
    words[7] += 0.5
    save_file(tensors | {"cls.predictions.decoder.weight": words}, folder / "model.safetensors")
    with pytest.warns(UserWarning, match="untied"):
        pipeline = Pipeline.open(folder, device="cpu")
    found = weights.check_tied_decoder(altered(subject, pipeline))
    assert found.state == WRONG
    assert f"1 of {len(words)} rows differ, by up to 0.5" in found.said


def test_weights_that_are_no_numbers_are_seen(subject: Subject, folder: Path) -> None:
    pipeline = Pipeline.open(folder, device="cpu")  # a file with such weights does not open
    with torch.no_grad():
        pipeline.network.lxmert.pooler.dense.bias[3] = float("nan")
    found = weights.check_finite(altered(subject, pipeline))
    assert found.state == WRONG
    assert "lxmert.pooler.dense.bias" in found.said


def test_features_of_another_size_are_seen(subject: Subject) -> None:
    def scaled(truth: Truth) -> Truth:
        norms = np.linalg.norm(truth.regions.feats, axis=1, keepdims=True)
        return replace(truth, regions=replace(truth.regions, feats=truth.regions.feats / norms))

    found = regions.check_features(replace(subject, truths=tuple(map(scaled, subject.truths))))
    assert found.state == WRONG
    assert "normalised" in found.said
    negative = tuple(
        replace(t, regions=replace(t.regions, feats=-t.regions.feats)) for t in subject.truths
    )
    assert "negative" in regions.check_features(replace(subject, truths=negative)).said


def test_boxes_in_pixels_are_seen(subject: Subject) -> None:
    def in_pixels(truth: Truth) -> Truth:
        boxes = regions.FRAMES["pixels"](truth.regions)
        return replace(truth, regions=replace(truth.regions, boxes_unit=boxes))

    found = regions.check_boxes(replace(subject, truths=tuple(map(in_pixels, subject.truths))))
    assert found.state == WRONG
    assert "divided by the picture's width and height" in found.said


def test_a_network_that_reads_boxes_in_another_frame_is_seen(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confidence(self: Subject, change: Callable[[Truth], object]) -> float:
        pixels = change(self.truths[0]).boxes_unit.max() > 1
        return 0.9 if pixels else 0.3

    monkeypatch.setattr(Subject, "confidence_with", confidence)
    asked = replace(subject)
    asked.__dict__["confidence"] = 0.3
    found = regions.check_boxes(asked)
    assert found.state == WRONG
    assert "pixels 90%" in found.said


@pytest.fixture
def published(subject: Subject) -> Subject:
    """The miniature's own sight of a scene in the place of what was published."""
    truth, detector = subject.truths[0], subject.pipeline.detector
    seen = truth.regions
    profile = detector.config.profiles["trained"]
    given = describe_boxes(detector, truth.picture_rgb, seen.boxes_unit, profile)
    facts = Published(seen.boxes_unit, given.object_ids, seen.boxes_unit, "trained")
    return replace(subject, truths=(truth,), published=facts)


def test_the_published_sight_is_met(published: Subject) -> None:
    found = regions.check_channels(published)
    assert "100% of the classes" in found.said
    found = regions.check_boxes(published)
    assert (found.state, found.said[:4]) == (RIGHT, "100%")


def test_another_sight_than_the_published_one_is_seen(published: Subject) -> None:
    facts = published.published
    other = replace(facts, object_ids=facts.object_ids + 1, found_boxes_unit=facts.found_boxes_unit)
    assert regions.check_channels(replace(published, published=other)).state == WRONG
    turned = replace(facts, found_boxes_unit=facts.found_boxes_unit[:, [1, 0, 3, 2]] / 3)
    found = regions.check_boxes(replace(published, published=turned))
    assert (found.state, "another order" in found.said) == (WRONG, True)


def test_the_known_answer_is_that_of_lxmert_base_alone(subject: Subject) -> None:
    assert weights.check_known_answer(subject).state == NOT_APPLICABLE
    found = weights.check_known_answer(replace(subject, known="lxmert-base"))
    count = subject.pipeline.network.config.vocab_size
    assert (found.state, f"{count} word pieces" in found.said) == (WRONG, True)


def test_the_known_answer_is_met_by_what_gave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = LxmertModel(replace(LXMERT, vocab_size=7000)).eval()
    as_base = SimpleNamespace(pipeline=SimpleNamespace(network=network), known="lxmert-base")
    found = weights.check_known_answer(as_base)
    assert (found.state, "off the published" in found.said) == (WRONG, True)
    states = weights.known_states(network)
    assert states.shape == (3, 3)
    monkeypatch.setattr(weights, "STATES", states.round(4).tolist())
    assert weights.check_known_answer(as_base).state == RIGHT


def test_a_changed_file_is_seen(folder: Path) -> None:
    assert files.check_files(folder).state == NOT_APPLICABLE
    config = (folder / "config.json").read_bytes()
    digest = hashlib.sha256(config).hexdigest()
    listed = (RemoteFile("config.json", (), len(config), f"sha256:{digest}"),)
    write_record(Plan("mine", folder, "a/b", "0" * 40, listed))
    assert files.check_files(folder).state == RIGHT
    (folder / "config.json").write_bytes(config.replace(b"0", b"1", 1))
    found = files.check_files(folder)
    assert (found.state, "config.json" in found.said) == (WRONG, True)


def test_a_checkpoint_that_does_not_open_says_why_and_nothing_else(folder: Path) -> None:
    (folder / "detector" / "objects.txt").write_text("one")
    findings = list(selfcheck.check(folder, device="cpu"))
    assert len(findings) == selfcheck.CHECKS
    by_name = {finding.check: finding for finding in findings}
    assert by_name[selfcheck.OPENS].state == WRONG
    assert "objects.txt" in by_name[selfcheck.OPENS].said
    assert by_name[answers.MATCH].state == NOT_APPLICABLE


def test_without_known_pictures_what_needs_them_does_not_apply(tiny_folder: Path) -> None:
    heard: list[float] = []
    findings = {
        f.check: f
        for f in selfcheck.check(tiny_folder, device="cpu", report=lambda c, s: heard.append(s))
    }
    assert heard == sorted(heard)
    assert findings[weights.TIED].state == findings[selfcheck.OPENS].state == RIGHT
    needing = (answers.MATCH, answers.ALIGNMENT)
    assert {findings[name].state for name in needing} == {NOT_APPLICABLE}


def test_the_published_sight_is_36_boxes_and_their_classes() -> None:
    facts = subjects._published(read_json(subjects.SAMPLE_FACTS))
    for boxes in (facts.given_boxes_unit, facts.found_boxes_unit):
        assert boxes.shape == (36, 4)
        assert boxes.min() >= 0
        assert boxes.max() <= 1
        assert (boxes[:, :2] < boxes[:, 2:]).all()
    assert facts.object_ids[:5].tolist() == [42, 42, 601, 601, 234]  # horse, pole, hat


def test_with_the_sample_picture_every_check_applies(
    tiny_folder: Path, tmp_path: Path, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a detector of random weights, which sees nothing of what was published."""
    monkeypatch.setattr(subjects, "PUBLISHED_OBJECTS", 6)
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "mine"))
    (folder / subjects.SAMPLE_FILE).write_bytes(photograph)
    found = {f.check: f for f in selfcheck.check(folder, device="cpu")}
    assert found[regions.COLOURS].state == WRONG
    assert "published for the sample picture" in found[regions.COLOURS].said
    assert found[answers.ALIGNMENT].state == WRONG
    needing = (regions.BOXES, regions.FEATURES, answers.MATCH)
    assert NOT_APPLICABLE not in {found[name].state for name in needing}


def test_the_command_prints_each_line_and_fails_where_one_is_wrong(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tiny_folder), "--device", "cpu"]) == 0
    assert "right           Tied decoder: " in capsys.readouterr().out
    broken = shutil.copytree(tiny_folder, tmp_path / "broken")
    (broken / "answers.json").write_text('["yes"]')
    assert main(["check", str(broken), "--device", "cpu", "--json"]) == 2
    shown = capsys.readouterr()
    listed = [Finding(**entry) for entry in json.loads(shown.out)]
    assert len(listed) == selfcheck.CHECKS
    assert "fails 2 of 11 checks: Answer vocabulary, Opens" in shown.err
