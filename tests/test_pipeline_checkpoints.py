"""What a pipeline makes of folders with other heads, or with files that do not fit together."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Trace
from tests.conftest import ANSWERS, LXMERT

QUESTION = "what color is the large cube?"


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "mine"))


def answered(folder: Path, photograph: bytes) -> tuple[Pipeline, Trace]:
    pipeline = Pipeline.open(folder, device="cpu")
    return pipeline, pipeline.ask(pipeline.look(photograph), QUESTION)


def describe(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_a_fine_tuned_checkpoint_answers_each_for_itself(folder: Path, photograph: bytes) -> None:
    LxmertForQuestionAnswering(LXMERT).save_pretrained(folder)
    pipeline, trace = answered(folder, photograph)
    assert (pipeline.has_answers, pipeline.has_match) == (True, False)
    assert (trace.answer_kind, trace.match) == ("sigmoid", None)
    assert abs(sum(answer.probability for answer in trace.answers) - 1) > 0.1


def test_a_scope_says_how_answers_were_trained(folder: Path, photograph: bytes) -> None:
    LxmertForQuestionAnswering(LXMERT).save_pretrained(folder)
    (folder / "scope.json").write_text('{"answers_trained_as": "softmax"}')
    _, trace = answered(folder, photograph)
    assert trace.answer_kind == "softmax"
    assert sum(a.probability for a in trace.answers) == pytest.approx(1, abs=1e-5)


def test_a_model_without_heads_still_shows_attention(folder: Path, photograph: bytes) -> None:
    LxmertModel(LXMERT).save_pretrained(folder)
    pipeline, trace = answered(folder, photograph)
    assert (pipeline.has_answers, pipeline.has_match) == (False, False)
    assert (trace.answers, trace.answer_kind, trace.match) == ((), "", None)
    assert pipeline.answer_vocabulary == ()
    assert trace.attention["lang_from_vision"].sum() > 0


def test_heads_in_the_file_count_where_the_config_names_none(
    folder: Path, photograph: bytes
) -> None:
    """As in the published lxmert-base, which calls itself LxmertModel."""
    _, expected = answered(folder, photograph)
    describe(folder, architectures=["LxmertModel"])
    pipeline, trace = answered(folder, photograph)
    assert (pipeline.has_answers, pipeline.has_match) == (True, True)
    assert np.allclose(trace.states["pooled"], expected.states["pooled"], atol=1e-6)
    LxmertForQuestionAnswering(LXMERT).save_pretrained(folder)
    describe(folder, architectures=["PoptorchPipelinedLxmertForQuestionAnswering"])
    assert Pipeline.open(folder, device="cpu").has_match is False


def test_pretraining_without_questions_has_no_answers(folder: Path, photograph: bytes) -> None:
    LxmertForPreTraining(replace(LXMERT, task_qa=False)).save_pretrained(folder)
    pipeline, trace = answered(folder, photograph)
    assert (pipeline.has_answers, pipeline.has_match) == (False, True)
    assert trace.answers == ()
    assert 0 < trace.match < 1


def test_a_torch_file_gives_the_same_trace(folder: Path, photograph: bytes) -> None:
    _, expected = answered(folder, photograph)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    _, trace = answered(folder, photograph)
    assert np.allclose(trace.states["pooled"], expected.states["pooled"], atol=1e-6)
    assert [a.text for a in trace.answers] == [a.text for a in expected.answers]


def test_half_precision_weights_are_computed_with_in_full(folder: Path, photograph: bytes) -> None:
    tensors = load_file(folder / "model.safetensors")
    halves = {name: tensor.half() for name, tensor in tensors.items()}
    save_file(halves, folder / "model.safetensors")
    _, trace = answered(folder, photograph)
    assert trace.states["pooled"].dtype == "float32"


def test_answers_without_names_are_numbered_with_a_note(folder: Path, photograph: bytes) -> None:
    (folder / "answers.json").unlink()
    pipeline, trace = answered(folder, photograph)
    assert pipeline.answer_vocabulary[7] == "label 7"
    assert {a.text for a in trace.answers} == {f"label {n}" for n in range(len(ANSWERS))}
    assert any("answers.json" in note for note in trace.notes)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("answers.json", '["yes", "no"]'),
        ("detector/objects.txt", "ball\ncube"),
        ("detector/attributes.txt", "red"),
        ("vocab.txt", "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abc"] * 1)),
    ],
)
def test_files_of_different_checkpoints_are_told_apart(
    folder: Path, file: str, content: str
) -> None:
    if file == "vocab.txt":
        content += "\n" + "\n".join(f"word{n}" for n in range(LXMERT.vocab_size))
    (folder / file).write_text(content)
    with pytest.raises(CheckpointError, match=file):
        Pipeline.open(folder, device="cpu")


def test_a_detector_with_other_features_is_told_apart(folder: Path) -> None:
    LxmertForPreTraining(replace(LXMERT, visual_feat_dim=32)).save_pretrained(folder)
    with pytest.raises(CheckpointError, match="64 .* 32"):
        Pipeline.open(folder, device="cpu")


def test_a_detector_without_a_config_has_the_published_sizes(folder: Path) -> None:
    (folder / "detector" / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"of the detector's 5\d\d weights"):
        Pipeline.open(folder, device="cpu")


def test_a_damaged_weight_file_is_named(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="model.safetensors"):
        Pipeline.open(folder, device="cpu")


@pytest.mark.parametrize("kind", ["tf_model.h5", "authors.pth"])
def test_a_folder_with_another_kind_of_weight_file_answers_the_same(
    kind: str, folder: Path, photograph: bytes
) -> None:
    _, expected = answered(folder, photograph)
    network = LxmertForPreTraining.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    if kind == "tf_model.h5":
        network.save_for_tensorflow(folder)
    else:
        network.save_for_authors(folder / kind)
    _, trace = answered(folder, photograph)
    assert [a.text for a in trace.answers] == [a.text for a in expected.answers]
    for ours, theirs in zip(trace.answers, expected.answers, strict=True):
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-6)
    assert trace.match == pytest.approx(expected.match, abs=1e-6)
