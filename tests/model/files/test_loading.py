"""What can be asked of from_pretrained, and what it says of the file; vocabularies that change."""

import json
import random
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from lxmert_viz.errors import CheckpointError, DeviceError, LxmertVizError
from lxmert_viz.model.files.loading import load_network
from lxmert_viz.model.files.naming import DECODER, WORDS
from lxmert_viz.model.files.weights import PretrainedNetwork
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from tests.helpers.small_networks import (
    inputs,
    random_masks,
    reference_of,
    same_states,
    small_config,
    small_network,
)

CLASSES = (LxmertModel, LxmertForPreTraining, LxmertForQuestionAnswering)
HEADED = (LxmertForPreTraining, LxmertForQuestionAnswering)


def describe(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


# dtype and device


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16, torch.float64))
@pytest.mark.parametrize("kind", CLASSES)
def test_a_network_opens_in_another_dtype(tmp_path: Path, kind: type, dtype: torch.dtype) -> None:
    network = small_network(kind)
    network.save_pretrained(tmp_path)
    again = kind.from_pretrained(tmp_path, dtype=dtype)
    assert {p.dtype for p in again.parameters()} == {dtype} == {again.dtype}
    assert same_states(again, network.to(dtype))
    assert kind.from_pretrained(tmp_path, dtype=str(dtype).removeprefix("torch.")).dtype == dtype
    with pytest.raises(ValueError, match="'half a dozen'"):
        kind.from_pretrained(tmp_path, dtype="half a dozen")


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16))
def test_half_networks_compute_nearly_the_same(dtype: torch.dtype) -> None:
    whole = small_network(LxmertForPreTraining)
    half = small_network(LxmertForPreTraining).to(dtype)
    given = inputs(whole.config) | random_masks(2, 6, 5)
    given["attention_mask"][0] = 0  # hides every word
    ours, expected = half(**given, output_attentions=True), whole(**given)
    for name in ("prediction_logits", "cross_relationship_score", "question_answering_score"):
        assert ours[name].dtype == dtype
        error = (ours[name].float() - expected[name]).abs().max() / expected[name].abs().max()
        assert error < 0.1, name
    for maps in ours.activations.attention.values():
        sums = torch.stack([weights.float().sum(-1).mean() for weights in maps])
        torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=0.01)


def test_half_networks_are_trained_on(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering).bfloat16()
    loss = network(**inputs(network.config), labels=torch.tensor([1, 2])).loss
    loss.backward()
    assert torch.isfinite(loss) and loss.dtype == torch.bfloat16


def test_a_network_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    assert LxmertModel.from_pretrained(tmp_path, device="cpu").pooler.dense.bias.is_cpu
    for device in ("cuda:99", "nowhere"):
        with pytest.raises(DeviceError, match=f"cannot go to {device}"):
            LxmertModel.from_pretrained(tmp_path, device=device)


# what the file held


def test_the_report_names_every_weight(tmp_path: Path) -> None:
    small_network(LxmertForPreTraining).save_pretrained(tmp_path)
    network = LxmertForQuestionAnswering.from_pretrained(tmp_path)
    report = network.load_report
    assert report.path == tmp_path / "model.safetensors"
    assert set(report.loaded) == network.state_dict().keys()
    assert report.missing == report.reshaped == ()
    assert {name.split(".")[0] for name in report.unexpected} == {"cls", "obj_predict_head"}
    assert LxmertForPreTraining.from_pretrained(tmp_path).load_report.unexpected == ()
    assert small_network(LxmertModel).load_report is None


@pytest.mark.parametrize("kind", HEADED)
def test_a_head_starts_anew_only_when_asked(tmp_path: Path, kind: type) -> None:
    base = small_network(LxmertModel)
    base.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="open it in Python with fresh_heads=True"):
        kind.from_pretrained(tmp_path)
    network = kind.from_pretrained(tmp_path, fresh_heads=True)
    assert same_states(network.lxmert, base)
    assert "answer_head.logit_fc.0.weight" in network.load_report.missing
    assert 0 < network.answer_head.logit_fc[0].weight.std() < 0.05
    assert kind is LxmertForQuestionAnswering or network._is_tied()


def test_a_fresh_head_does_not_excuse_the_rest(tmp_path: Path) -> None:
    small_network(LxmertModel, l_layers=2).save_pretrained(tmp_path)
    describe(tmp_path, l_layers=3)
    with pytest.raises(CheckpointError, match="lacks .*encoder.layer.2") as caught:
        LxmertModel.from_pretrained(tmp_path, fresh_heads=True)
    assert "fresh_heads" not in str(caught.value)


@pytest.mark.parametrize("kind", HEADED)
def test_the_file_knows_how_many_answers_there_are(tmp_path: Path, kind: type) -> None:
    network = small_network(kind)
    network.save_pretrained(tmp_path)
    describe(tmp_path, num_qa_labels=9500)
    with pytest.warns(UserWarning, match="tells 7 answers apart, its config.json says 9500") as w:
        again = kind.from_pretrained(tmp_path)
    assert w[0].filename == __file__
    assert same_states(again, network) and again.config.num_qa_labels == 7


def test_an_authors_file_alone_knows_its_answers_quietly(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering)
    network.save_for_authors(tmp_path / "BEST.pth")
    with warnings.catch_warnings(action="error"), pytest.raises(CheckpointError) as caught:
        LxmertForQuestionAnswering.from_pretrained(tmp_path)
    assert "logit_fc.3" not in str(caught.value)  # other sizes differ; the answers do not


@pytest.mark.parametrize("kind", CLASSES)
def test_the_class_is_found_in_any_kind_of_file(tmp_path: Path, kind: type) -> None:
    network = small_network(kind)
    network.config.to_file(tmp_path / "config.json")
    network.save_for_authors(tmp_path / "mine.pth")
    found = load_network(tmp_path)
    assert type(found) is kind and same_states(found, network)


def altered(whole: bytes, draw: random.Random) -> bytes:
    content = bytearray(whole)
    for _ in range(draw.choice((1, 3, 20))):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content[: draw.choice((len(content), draw.randrange(len(content))))])


@pytest.mark.filterwarnings("ignore")  # odd pickles, answer counts, decoders that differ
@pytest.mark.parametrize(
    ("writer", "file"),
    (
        ("save_pretrained", "config.json"),
        ("save_pretrained", "model.safetensors"),
        ("save_for_tensorflow", "tf_model.h5"),
        ("save_for_authors", "mine.pth"),
    ),
)
def test_an_altered_folder_opens_or_gives_our_own_error(
    tmp_path: Path, writer: str, file: str
) -> None:
    network = small_network(LxmertModel, l_layers=1, r_layers=1, x_layers=1)
    network.config.to_file(tmp_path / "config.json")
    getattr(network, writer)(tmp_path / ("mine.pth" if writer == "save_for_authors" else ""))
    whole, draw, refused = (tmp_path / file).read_bytes(), random.Random(1), 0
    for _ in range(30):
        (tmp_path / file).write_bytes(altered(whole, draw))
        try:
            LxmertModel.from_pretrained(tmp_path)
        except LxmertVizError:
            refused += 1
    assert refused > 5


@pytest.mark.parametrize(
    "values",
    (
        {"l_layers": 10**12},
        {"hidden_size": 0, "num_attention_heads": 1},
        {"vocab_size": -1},
        {"vocab_size": "many"},
        {"hidden_size": 24.0},
        {"num_attention_heads": 0},
        {"hidden_act": ["gelu"]},
        {"x_layers": None},
        {"architectures": 3},
        {"architectures": [{}]},
    ),
)
def test_absurd_sizes_in_a_config_are_refused(tmp_path: Path, values: dict[str, object]) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    describe(tmp_path, **values)
    with pytest.raises(CheckpointError, match="config.json"):
        LxmertModel.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    (("[]", "does not describe a model"), ("[" * 10**5, "not valid JSON"), ("{", "not valid JSON")),
)
def test_a_config_of_something_else_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=f"config.json {reason}|config.json is {reason}"):
        LxmertModel.from_pretrained(tmp_path)


def test_a_config_may_name_no_class(tmp_path: Path) -> None:
    small_network(LxmertForPreTraining).save_pretrained(tmp_path)
    describe(tmp_path, architectures=None)
    assert type(load_network(tmp_path)) is LxmertForPreTraining


# the vocabulary


@pytest.mark.parametrize("kind", CLASSES)
def test_the_word_embedding_can_be_had_and_replaced(kind: type) -> None:
    network = small_network(kind)
    base = network if kind is LxmertModel else network.lxmert
    assert network.get_input_embeddings() is base.embeddings.word_embeddings
    table = nn.Embedding(61, 24, padding_idx=0)
    network.set_input_embeddings(table)
    assert network.get_input_embeddings() is base.embeddings.word_embeddings is table
    if kind is LxmertForPreTraining:
        assert network.get_parameter(DECODER) is table.weight
        with pytest.raises(ValueError, match="70 words, the network 61"):
            network.set_input_embeddings(nn.Embedding(70, 24))


@pytest.mark.parametrize("words", (50, 70))
@pytest.mark.parametrize("kind", CLASSES)
def test_the_first_words_stay(kind: type, words: int) -> None:
    network = small_network(kind)
    given = inputs(network.config)
    given["input_ids"] %= 50
    before = network(**given)[0]
    table = network.resize_token_embeddings(words)
    after = network(**given)[0]
    assert table is network.get_input_embeddings() and table.num_embeddings == words
    assert table.padding_idx == 0
    assert {m.config.vocab_size for m in network.modules() if isinstance(m, PretrainedNetwork)} == {
        words
    }
    if kind is LxmertForPreTraining:
        assert network.get_parameter(DECODER) is network.get_parameter(WORDS)
        assert after.shape[-1] == words
        loss = network(**given, labels=given["input_ids"]).loss
        assert torch.isfinite(loss)
        before, after = before[..., :50], after[..., :50]
    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-5)


def test_words_resize_as_in_the_reference() -> None:
    network = small_network(LxmertForPreTraining)
    reference = reference_of(network)
    for words in (80, 40):
        network.resize_token_embeddings(words)
        reference.resize_token_embeddings(words)
        ours = {n: p.shape for n, p in network.state_dict().items()}
        assert ours == {n: p.shape for n, p in reference.state_dict().items()}


def test_an_untied_decoder_is_resized_on_its_own(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    network.cls.predictions.decoder.weight = nn.Parameter(torch.ones(61, 24))
    network.resize_token_embeddings(64)
    decoder = network.get_parameter(DECODER)
    assert decoder is not network.get_parameter(WORDS) and decoder.shape == (64, 24)
    assert decoder[:61].eq(1).all() and decoder[61:].std() < 0.05


def test_without_a_number_the_vocabulary_stays(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining).half()
    table = network.get_input_embeddings()
    assert network.resize_token_embeddings() is table is network.resize_token_embeddings(61)
    assert network.resize_token_embeddings(63).weight.dtype == torch.float16
    with pytest.raises(ValueError, match="a layer of 0 rows"):
        network.resize_token_embeddings(0)
    network.save_pretrained(tmp_path)
    again = LxmertForPreTraining.from_pretrained(tmp_path, dtype=torch.float16)
    assert same_states(again, network) and again.config == small_config(
        vocab_size=63,
        architectures=["LxmertForPreTraining"],
        extra={"torch_dtype": "float16"},
    )
