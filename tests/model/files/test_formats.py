"""The same small network in every published kind of file, in and out."""

import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from lxmert_viz.checkpoints.tensors import read_tensors
from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.loading import load_network
from lxmert_viz.model.files.naming import WORDS
from lxmert_viz.model.files.weights import PretrainedNetwork
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.model.reasoning import LxmertForVisualReasoning
from tests.helpers.files import FIXTURES
from tests.helpers.small_networks import same_states, small_config, small_network

# one network, saved by transformers' PyTorch and TensorFlow classes and by the authors' code
TINY = FIXTURES / "tiny_network"
KEPT_AS = {  # what each is called where it is found
    "pytorch_model.bin": "pytorch_model.bin",
    "tf_model.h5": "tf_model.h5",
    "tf_model.safetensors": "model.safetensors",
    "authors_legacy.pth": "model_LXRT.pth",
}
Tensors = dict[str, Tensor]


def found(folder: Path, file: str, name: str) -> Path:
    """A folder that holds one of the fixtures' files and the config."""
    shutil.copy(TINY / "config.json", folder / "config.json")
    shutil.copy(TINY / file, folder / name)
    return folder


@pytest.fixture(scope="module")
def tiny() -> LxmertForPreTraining:
    return LxmertForPreTraining.from_pretrained(TINY / "pytorch_model.bin")


# in


def test_the_reference_file_holds_what_the_network_holds(tiny: LxmertForPreTraining) -> None:
    stored = torch.load(TINY / "pytorch_model.bin", weights_only=True)
    states = tiny.state_dict()
    assert stored.keys() == states.keys()
    assert all(torch.equal(stored[name], tensor) for name, tensor in states.items())


@pytest.mark.parametrize(("file", "name"), KEPT_AS.items())
def test_every_kind_of_file_gives_the_same_network(
    tmp_path: Path, tiny: LxmertForPreTraining, file: str, name: str
) -> None:
    folder = found(tmp_path, file, name)
    assert same_states(LxmertForPreTraining.from_pretrained(folder), tiny)
    assert same_states(LxmertForPreTraining.from_pretrained(folder / name), tiny)
    assert same_states(LxmertModel.from_pretrained(folder), tiny.lxmert)


def test_tensorflows_base_gives_the_base(tmp_path: Path, tiny: LxmertForPreTraining) -> None:
    folder = found(tmp_path, "tf_model_base.h5", "tf_model.h5")
    assert same_states(LxmertModel.from_pretrained(folder), tiny.lxmert)
    with pytest.raises(CheckpointError, match="fresh_heads=True"):
        LxmertForPreTraining.from_pretrained(folder)


def sharded(network: PretrainedNetwork, folder: Path, ending: str) -> Path:
    """Three parts and their index, as large checkpoints are published."""
    network.config.to_file(folder / "config.json")
    tensors = {n: t.clone() for n, t in network.state_dict().items()}
    stem, suffix = ending.rsplit(".", 1)
    parts = {n: f"{stem}-0000{i % 3 + 1}-of-00003.{suffix}" for i, n in enumerate(tensors)}
    for part in set(parts.values()):
        content = {n: t for n, t in tensors.items() if parts[n] == part}
        save = save_file if suffix == "safetensors" else torch.save
        save(content, folder / part)
    index = {"metadata": {}, "weight_map": parts}
    (folder / f"{ending}.index.json").write_text(json.dumps(index))
    return folder


@pytest.mark.parametrize("ending", ("model.safetensors", "pytorch_model.bin"))
def test_shards_are_gathered(tmp_path: Path, ending: str) -> None:
    network = small_network(LxmertForPreTraining)
    folder = sharded(network, tmp_path, ending)
    assert same_states(LxmertForPreTraining.from_pretrained(folder), network)
    next(folder.glob("*-00002-of-*")).unlink()
    with pytest.raises(CheckpointError, match="00002-of-00003.* cannot be read"):
        LxmertForPreTraining.from_pretrained(folder)


def on_the_gpu(path: Path) -> None:
    """Rewrite a torch file as if its storages had been on a GPU when it was saved."""
    cpu, gpu = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    if not zipfile.is_zipfile(path):
        path.write_bytes(path.read_bytes().replace(cpu, gpu))
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            assert not name.endswith("data.pkl") or cpu in content
            archive.writestr(name, content.replace(cpu, gpu))


@pytest.mark.parametrize("legacy", (False, True))
def test_weights_saved_on_a_gpu_open_without_one(tmp_path: Path, legacy: bool) -> None:
    network, path = small_network(LxmertModel).half(), tmp_path / "pytorch_model.bin"
    network.config.to_file(tmp_path / "config.json")
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=not legacy)
    on_the_gpu(path)
    again = LxmertModel.from_pretrained(tmp_path, dtype=torch.float16)
    assert same_states(again, network)


# fine-tuned by the authors' code, and BERT


def as_authors_name(network: PretrainedNetwork, wrapper: str) -> Tensors:
    return {
        n.replace("answer_head.", "") if "answer_head" in n else n.replace("lxmert.", wrapper): t
        for n, t in network.state_dict().items()
    }


@pytest.mark.parametrize("wrapper", ("lxrt_encoder.model.bert.", "lxrt_encoder.model.module.bert."))
def test_fine_tuned_files_open(tmp_path: Path, wrapper: str) -> None:
    network = small_network(LxmertForQuestionAnswering)
    network.config.to_file(tmp_path / "config.json")
    torch.save(as_authors_name(network, wrapper), tmp_path / "BEST.pth")
    assert same_states(LxmertForQuestionAnswering.from_pretrained(tmp_path), network)
    tensors = {f"module.{n}": t for n, t in as_authors_name(network, wrapper).items()}
    torch.save(tensors, tmp_path / "BEST.pth")
    assert same_states(LxmertForQuestionAnswering.from_pretrained(tmp_path), network)


def test_a_fine_tuned_pair_file_opens(tmp_path: Path) -> None:
    network = small_network(LxmertForVisualReasoning)
    network.config.to_file(tmp_path / "config.json")
    torch.save(as_authors_name(network, "lxrt_encoder.model.bert."), tmp_path / "BEST.pth")
    again = LxmertForVisualReasoning.from_pretrained(tmp_path)
    assert same_states(again, network) and again.config.num_qa_labels == 2
    with pytest.raises(CheckpointError, match="1 weights of another shape"):
        LxmertForQuestionAnswering.from_pretrained(tmp_path)
    assert same_states(load_network(tmp_path), network)


def test_an_encoder_file_opens_as_the_base(tmp_path: Path) -> None:
    network = small_network(LxmertModel)
    network.config.to_file(tmp_path / "config.json")
    tensors = {f"module.bert.{n}": t for n, t in network.state_dict().items()}
    torch.save(tensors, tmp_path / "Epoch05_LXRT.pth", _use_new_zipfile_serialization=False)
    assert same_states(LxmertModel.from_pretrained(tmp_path), network)


def test_among_several_files_of_the_authors_one_must_be_named(tmp_path: Path) -> None:
    network = small_network(LxmertModel)
    network.config.to_file(tmp_path / "config.json")
    for name in ("BEST.pth", "LAST.pth"):
        network.save_for_authors(tmp_path / name)
    with pytest.raises(CheckpointError, match="BEST.pth, LAST.pth; name the file"):
        LxmertModel.from_pretrained(tmp_path)
    assert same_states(LxmertModel.from_pretrained(tmp_path / "LAST.pth"), network)


def test_without_a_config_heads_that_cannot_be_told_are_an_error(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering)
    network.save_for_authors(tmp_path / "BEST.pth")
    with pytest.raises(CheckpointError, match="hidden size is 24, which is no multiple of 64"):
        LxmertForQuestionAnswering.from_pretrained(tmp_path)


def bert(folder: Path, layers: int, old_names: bool) -> Path:
    """What BERT's file of the small sizes would hold: the names are those of a longer LXMERT's."""
    network = small_network(LxmertForPreTraining, seed=7, l_layers=layers)
    tensors = {
        n.replace("lxmert.", "bert."): t
        for n, t in network.state_dict().items()
        if not n.startswith(("obj_predict_head", "answer_head"))
        and not any(part in n for part in ("r_layers", "x_layers", "visn_fc"))
    }
    for new, old in (("weight", "gamma"), ("bias", "beta")) if old_names else ():
        endings = (f"LayerNorm.{new}", f"LayerNorm.{old}")
        tensors = {name.replace(*endings): tensor for name, tensor in tensors.items()}
    torch.save(tensors, folder / "pytorch_model.bin")
    return folder


@pytest.mark.parametrize("old_names", (False, True))
def test_bert_starts_the_language_side(tmp_path: Path, old_names: bool) -> None:
    source = small_network(LxmertForPreTraining, seed=7, l_layers=5)
    torch.manual_seed(0)
    network = LxmertForPreTraining.from_bert(bert(tmp_path, 5, old_names), small_config())
    states, expected = network.state_dict(), source.state_dict()
    report = network.load_report
    assert set(report.loaded) >= {WORDS, "lxmert.encoder.layer.2.output.LayerNorm.weight"}
    assert all(torch.equal(states[name], expected[name]) for name in report.loaded)
    assert any("x_layers" in name for name in report.missing)
    assert not any("encoder.layer." in name or "embeddings" in name for name in report.missing)
    assert any("encoder.layer.4" in name for name in report.unexpected)
    assert network.training and states["lxmert.encoder.visn_fc.visn_fc.weight"].std() > 0
    base = LxmertModel.from_bert(tmp_path, small_config())
    assert torch.equal(base.state_dict()["embeddings.word_embeddings.weight"], expected[WORDS])


def test_a_short_bert_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="first: lxmert.encoder.layer.2.attention"):
        LxmertForPreTraining.from_bert(bert(tmp_path, 2, False), small_config())


# out


def hdf5_layout(path: Path) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Every dataset, and every group's description; order is free, TensorFlow goes by name."""
    with h5py.File(path) as file:
        described = {"": sorted(file.attrs["layer_names"])}
        described |= {name: sorted(file[name].attrs["weight_names"]) for name in file}
        described["made by"] = [file.attrs["backend"]]
        names: list[str] = []
        file.visit(names.append)
        arrays = {n: file[n][...] for n in names if isinstance(file[n], h5py.Dataset)}
    return arrays, described


def test_tensorflows_file_is_laid_out_as_its_own(
    tmp_path: Path, tiny: LxmertForPreTraining
) -> None:
    for network, theirs in ((tiny, "tf_model.h5"), (tiny.lxmert, "tf_model_base.h5")):
        network.save_for_tensorflow(tmp_path)
        ours, our_groups = hdf5_layout(tmp_path / "tf_model.h5")
        expected, groups = hdf5_layout(TINY / theirs)
        assert our_groups == groups
        assert ours.keys() == expected.keys()
        for name, array in ours.items():
            assert array.dtype == np.float32 and np.array_equal(array, expected[name])


def test_tensorflows_safetensors_are_its_own(tmp_path: Path, tiny: LxmertForPreTraining) -> None:
    tiny.save_tensorflow_safetensors(tmp_path)
    ours, theirs = (
        load_file(tmp_path / "model.safetensors"),
        load_file(TINY / "tf_model.safetensors"),
    )
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert file.metadata() == {"format": "tf"}


def test_the_authors_file_is_named_as_their_own(tmp_path: Path, tiny: LxmertForPreTraining) -> None:
    tiny.save_for_authors(tmp_path / "model_LXRT.pth")
    ours = read_tensors(tmp_path / "model_LXRT.pth")
    theirs = read_tensors(TINY / "authors_legacy.pth")
    assert {f"module.{name}" for name in ours} == theirs.keys()
    assert all(torch.equal(tensor, theirs[f"module.{name}"]) for name, tensor in ours.items())
    decoder = ours["cls.predictions.decoder.weight"]
    assert decoder.data_ptr() == ours["bert.embeddings.word_embeddings.weight"].data_ptr()


WRITERS = {
    "save_pretrained": "",
    "save_for_tensorflow": "",
    "save_tensorflow_safetensors": "",
    "save_for_authors": "mine.pth",
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", (LxmertModel, LxmertForPreTraining))
def test_every_file_written_comes_back_bit_by_bit(tmp_path: Path, writer: str, kind: type) -> None:
    network = small_network(kind, hidden_act="relu")
    network.config.to_file(tmp_path / "config.json")
    getattr(network, writer)(tmp_path / WRITERS[writer])
    again = kind.from_pretrained(tmp_path)
    assert same_states(again, network) and again.config.hidden_act == "relu"
    getattr(again, writer)(tmp_path / "again" / WRITERS[writer])
    (file,) = (f for f in (tmp_path / "again").iterdir() if f.name != "config.json")
    first, second = read_tensors(tmp_path / file.name), read_tensors(file)
    assert first.keys() == second.keys()
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_a_fine_tuned_network_is_written_as_a_fine_tuned_file(tmp_path: Path) -> None:
    for kind in (LxmertForQuestionAnswering, LxmertForVisualReasoning):
        network = small_network(kind)
        network.config.to_file(tmp_path / "config.json")
        network.save_for_authors(tmp_path / "BEST.pth")
        expected = as_authors_name(network, "lxrt_encoder.model.bert.")
        assert torch.load(tmp_path / "BEST.pth", weights_only=True).keys() == expected.keys()
        assert same_states(kind.from_pretrained(tmp_path), network)


def test_what_tensorflow_has_no_class_or_place_for_is_not_written(tmp_path: Path) -> None:
    for kind in (LxmertForQuestionAnswering, LxmertForVisualReasoning):
        with pytest.raises(CheckpointError, match=f"no class like {kind.__name__}"):
            small_network(kind).save_for_tensorflow(tmp_path)
    untied = small_network(LxmertForPreTraining)
    untied.cls.predictions.decoder.weight = torch.nn.Parameter(torch.ones(61, 24))
    with pytest.raises(CheckpointError, match="the masked-word decoder differs"):
        untied.save_tensorflow_safetensors(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_reference_opens_the_config_that_is_written(tmp_path: Path) -> None:
    import transformers

    network = small_network(LxmertForPreTraining).bfloat16()
    network.config.extra["dtype"] = "float32"  # as it was read, perhaps
    network.save_pretrained(tmp_path)
    reference = transformers.LxmertForPreTraining.from_pretrained(tmp_path)
    assert reference.dtype == torch.bfloat16
    assert LxmertConfig.from_file(tmp_path / "config.json").extra == {"torch_dtype": "bfloat16"}


def test_a_network_can_be_saved_over_the_file_that_it_was_read_from(tmp_path: Path) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    network = LxmertModel.from_pretrained(tmp_path)
    with torch.no_grad():
        network.pooler.dense.bias.fill_(3)
    network.save_pretrained(tmp_path)
    assert same_states(LxmertModel.from_pretrained(tmp_path), network)
    assert {p.name for p in tmp_path.iterdir()} == {"config.json", "model.safetensors"}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="model.safetensors cannot be written"):
        small_network(LxmertModel).save_pretrained(tmp_path / "file")
