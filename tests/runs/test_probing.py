"""Probes of the miniature on its study set, kept in a file, and applied to a picture."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.runs.extraction import extract
from lxmert_viz.runs.probing import apply, kept_at, load, misses, run_probe, save
from lxmert_viz.runs.states import StateStore
from lxmert_viz.runs.targets import TARGETS, own_task, read_labels, task

STUDY = ASSETS / "study"


@pytest.fixture(scope="module")
def miniature() -> Pipeline:
    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    return Pipeline.open("miniature", device="cpu")


@pytest.fixture(scope="module")
def store(miniature: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateStore]:
    yield extract(miniature, open_dataset(STUDY / "questions.json"), tmp_path_factory.mktemp("s"))


def test_colour_and_shape_are_there_from_the_first_layer(store: StateStore) -> None:
    for target in ("colour", "object"):
        first = run_probe(store, task(store, target)).layers[0]
        assert first.accuracy > 0.85 and first.low > first.majority + 0.3
        assert first.selectivity > 0.3


def test_whether_a_region_is_mentioned_comes_with_the_words(store: StateStore) -> None:
    """Regions cannot know the question before the first cross-modality layer."""
    run = run_probe(store, task(store, "is it mentioned"))
    alone, together = run.layers[:2], run.layers[2:]
    assert run.about.depths[:3] == ("embeddings", "R1", "X1")
    assert all(layer.low <= layer.majority + 0.02 for layer in alone)
    assert max(layer.low for layer in together) > together[0].majority + 0.05


def test_word_classes_are_remembered_at_the_embeddings(store: StateStore) -> None:
    """A word's class follows from its type there: a probe has no selectivity."""
    first = run_probe(store, task(store, "word class")).layers[0]
    assert first.accuracy > 0.95 and first.selectivity < 0.2


def test_cls_says_what_kind_of_answer_is_asked_for(store: StateStore) -> None:
    run = run_probe(store, task(store, "answer type"), pooling="cls")
    assert run.layers[0].accuracy == pytest.approx(run.layers[0].majority)
    assert run.layers[-1].accuracy > 0.9


def test_the_same_seed_gives_the_same_probe_and_no_picture_is_in_both_splits(
    store: StateStore,
) -> None:
    wanted = task(store, "size")
    first, again = (run_probe(store, wanted, seed=3) for _ in range(2))
    for one, other in zip(first.layers, again.layers, strict=True):
        assert one.accuracy == other.accuracy and one.control == other.control
        assert np.array_equal(one.predicted, other.predicted)
    tested = set(first.layers[0].tested.tolist())
    inside = {wanted.groups[n] for n in tested}
    outside = {g for n, g in enumerate(wanted.groups) if n not in tested}
    assert inside and outside and not inside & outside


def test_a_probe_is_kept_and_says_the_same_of_a_picture(
    store: StateStore, miniature: Pipeline, tmp_path: Path
) -> None:
    run = run_probe(store, task(store, "colour"), kind="MLP")
    save(run, tmp_path / "probes" / "colour.probe.safetensors")
    kept = load(tmp_path / "probes" / "colour.probe.safetensors")
    assert kept.about == run.about
    assert [layer.accuracy for layer in kept.layers] == [layer.accuracy for layer in run.layers]
    picture = next((ASSETS / "scenes").glob("*.png")).read_bytes()
    trace = miniature.ask(miniature.look(picture), "a cube")
    shares = apply(kept, trace.states)
    assert shares.shape == (len(run.about.depths), len(trace.regions), len(run.about.names))
    assert np.allclose(shares, apply(run, trace.states))
    named = [run.about.names[i] for i in shares[0].argmax(1)]
    agree = [
        name in region.split() for name, region in zip(named, trace.regions.names, strict=True)
    ]
    assert np.mean(agree) > 0.7


def test_a_file_that_is_no_probe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="not a saved probe"):
        load(tmp_path / "x")


def test_states_are_drawn_where_there_are_too_many(store: StateStore) -> None:
    drawn, all_of_them = task(store, "word class", most=500), task(store, "word class", most=10_000)
    assert len(drawn.labels) == len(drawn.groups) == 500 < len(all_of_them.labels)
    assert np.array_equal(drawn.rows, task(store, "word class", most=500).rows)


def test_misses_name_their_example(store: StateStore) -> None:
    wanted = task(store, "position")
    run = run_probe(store, wanted)
    found = misses(run, wanted, len(run.layers) - 1)
    layer = run.layers[-1]
    assert len(found) == layer.confusion.sum() - layer.confusion.trace()
    assert all(m.right != m.said and m.item < len(store.rows[m.row].objects) for m in found)
    assert Path(store.rows[found[0].row].file).is_file()


def test_labels_of_ones_own_are_probed(store: StateStore, tmp_path: Path) -> None:
    questions = json.loads((STUDY / "questions.json").read_text())
    table = tmp_path / "mine.csv"
    lines = [
        f"{name},{'yes' if 'color' in q['question'] else 'no'}" for name, q in questions.items()
    ]
    table.write_text("\n".join(["question_id,asks", *lines]))
    wanted = own_task(store, "asks", read_labels(table, "asks"))
    assert wanted.names == ("no", "yes")
    run = run_probe(store, wanted, pooling="words")
    assert run.about.target == "asks" and run.layers[0].accuracy > run.layers[0].majority
    with pytest.raises(DatasetError, match="no column 'height'; it has asks"):
        read_labels(table, "height")
    table.write_text("name,asks")
    with pytest.raises(DatasetError, match="it needs id or question_id"):
        read_labels(table, "asks")


def test_equal_labels_of_other_examples_are_another_probe(store: StateStore) -> None:
    ids = [row.example.id for row in store.rows]
    tables = [
        {name: "ab"[n % 2] for n, name in enumerate(ids[:40])},
        {name: "ab"[n % 2] for n, name in enumerate(ids[40:80])},
        {name: "xy"[n % 2] for n, name in enumerate(ids[:40])},
    ]
    tasks = [own_task(store, "mine", table) for table in tables]
    assert all(np.array_equal(tasks[0].labels, other.labels) for other in tasks[1:])
    assert len({kept_at(store, wanted, "linear", "cls", 0, False) for wanted in tasks}) == 3
    again = own_task(store, "mine", tables[0])
    assert again.digest() == tasks[0].digest()


def test_right_and_wrong_answers_are_told_apart(store: StateStore) -> None:
    told = {row: label for row, _, label, _ in TARGETS["answered right"][1](store.rows)}
    assert len(told) == len(store.rows)
    for place, label in told.items():
        row = store.rows[place]
        assert (label == "right") == (row.said == row.example.right)


def test_what_a_dataset_does_not_tell_is_said(store: StateStore) -> None:
    with pytest.raises(DatasetError, match="needs two labels"):
        task(store, "match")
    assert set(TARGETS) >= {"object", "colour", "size", "position", "count", "relation"}


def test_captions_tell_a_match(store: StateStore, miniature: Pipeline, tmp_path: Path) -> None:
    dataset = open_dataset(STUDY / "captions.json")
    dataset = replace(dataset, examples=dataset.examples[:40])
    captions = extract(miniature, dataset, tmp_path / "captions")
    assert task(captions, "match").names == ("belongs", "does not")


def test_a_broken_row_of_labels_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text('id,kind\n1,a\n2,"b\n3,c\n')
    with pytest.raises(DatasetError, match="labels.csv, line 3: it cannot be read, up to line 4"):
        read_labels(tmp_path / "labels.csv", "kind")
