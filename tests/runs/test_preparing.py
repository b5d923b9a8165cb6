"""A dataset that is prepared as it streams by is the dataset that is read whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.example_table import OWN
from lxmert_viz.dataset.opening import Source, open_dataset, open_source
from lxmert_viz.errors import DatasetError
from lxmert_viz.places import ASSETS
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.runs import manifest
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import Prepared, prepare, sorted_by_picture
from tests.dataset.test_broken_files import LINES, SAMPLES
from tests.region_files.test_lxmert_tsv import regions

if TYPE_CHECKING:
    from lxmert_viz.pipeline import Pipeline

LAYOUTS: list[tuple[str, str]] = [
    *((f"{n}.json", json.dumps(content, indent=1)) for n, content in enumerate(SAMPLES)),
    *((f"{n}.jsonl", "\n".join(map(json.dumps, [line] * 2))) for n, line in enumerate(LINES)),
    ("t.csv", "id,image,question,answer\n1,a,is it?,yes\n2,b,is it?,\n1,a,what?,no\n3,,?,\n"),
]


def prepared(path: Path, folder: Path, **options: Any) -> Prepared:
    source = open_source(path, **options)
    return prepare(source, {}, folder / f"shards {len(options)}", lambda stage, share: None)


def same(path: Path, folder: Path, **options: Any) -> Prepared:
    """What is prepared, once it is the same as what is read whole."""
    made, whole = prepared(path, folder, **options), open_dataset(path, **options)
    parts = [shard.dataset(made.about) for shard in made.shards]
    found = [example for part in parts for example in part.examples]
    assert found == sorted_by_picture(whole.examples)
    asked = {name for e in found for name in (e.picture, e.second_picture)}
    for name in ("pictures", "picture_faults", "region_ids", "region_faults"):
        known = {k: v for part in parts for k, v in getattr(part, name).items()}
        assert known == {k: v for k, v in getattr(whole, name).items() if k in asked}
    for name in ("name", "layout", "files", "ids", "training_note", "region_file"):
        assert getattr(made.about, name) == getattr(whole, name)
    assert sorted(made.remarks()) == sorted(whole.remarks)
    counts = {kind: sum(r.kind == kind for r in whole.remarks) for kind in made.tally.first}
    assert dict(made.tally.count) == counts
    return made


@pytest.mark.parametrize(("name", "content"), LAYOUTS)
def test_every_layout_streams_into_what_is_read_whole(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "b.jpg").touch()
    same(tmp_path / name, tmp_path)


def test_vqas_two_files_are_joined_by_question(tmp_path: Path) -> None:
    """The annotations stand in another order; one is there twice, one belongs to no question."""
    asked = [{"question_id": n, "image_id": n % 2, "question": f"is it {n}?"} for n in range(6)]
    told = [
        {"question_id": n, "question_type": f"type {n}", "answers": [{"answer": str(n)}]}
        for n in (5, 3, 1, 0, 4, 3, 9)
    ]
    path = tmp_path / "v2_OpenEnded_mscoco_val2014_questions.json"
    path.write_text(json.dumps({"info": {"version": "2.0"}, "questions": asked}))
    (tmp_path / "v2_mscoco_val2014_annotations.json").write_text(json.dumps({"annotations": told}))
    made = same(path, tmp_path)
    (shard,) = made.shards
    found = {e.id: (e.right, e.types) for e in shard.dataset(made.about).examples}
    assert found == {
        str(n): ("", {}) if n == 2 else (str(n), {"question": f"type {n}"}) for n in range(6)
    }
    assert {kind: made.tally.count[kind] for kind in ("duplicate", "no answer", "note")} == {
        "duplicate": 1,
        "no answer": 1,
        "note": 1,
    }


def test_the_study_set_streams_with_its_choices_graphs_and_regions(tmp_path: Path) -> None:
    made = same(ASSETS / "study", tmp_path)
    assert made.rows == 506 and made.about.region_file
    assert all(shard.dataset(made.about).region_ids for shard in made.shards)


def test_pictures_are_found_by_other_names_and_lacks_are_remarked(tmp_path: Path) -> None:
    for name in ("COCO_val2014_000000000042.jpg", "b.png"):
        (tmp_path / name).touch()
    write_regions(tmp_path / "r.tsv", [("42", regions(1)), ("c", regions(2))])
    rows = ["42,what?", "COCO_val2014_000000000042.jpg,why?", "b.png,who?", "c,when?", "d,where?"]
    path = tmp_path / "q.csv"
    path.write_text("\n".join(["image,question", *rows]))
    stored: dict[str, Any] = {"regions": tmp_path / "r.tsv"}
    for options in ({}, stored, stored | {"look_for_missing": True}):
        made = same(path, tmp_path, **options)
        first = made.shards[0].dataset(made.about).examples[:2]
        assert {e.picture for e in first} == {"COCO_val2014_000000000042"}


def test_a_source_without_an_example_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("image,question\na,\n")
    with pytest.raises(DatasetError, match=r"no example that can be read.*line 2: It has no text"):
        prepared(tmp_path / "q.csv", tmp_path)
    (tmp_path / "cut.json").write_text('[{"img_id": "a", "sent": "is it?", "question_id": 1}, {')
    with pytest.raises(DatasetError, match="line 1, column 56 is not JSON"):
        prepared(tmp_path / "cut.json", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"q.csv", "cut.json"}


def test_a_run_that_goes_on_reads_shards_and_not_the_dataset(
    tmp_path: Path, tiny_pipeline: "Pipeline", tiny_folder: Path, photograph: bytes
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.jpg").write_bytes(photograph)
    asked = "\n".join(f"q{n},a,is it {n}?,yes" for n in range(200))
    (data / "q.csv").write_text(f"id,image,question,answer\n{asked}\n")
    read: list[int] = []

    def source() -> Source:
        """Counts how often it is read."""
        whole = open_source(data)
        tables = whole.reading.tables
        counted = replace(whole.reading, tables=lambda told: read.append(1) or tables(told))
        return replace(whole, reading=counted)

    def stop(stage: str, share: float) -> None:
        if " examples" in stage and share > 0.3:
            raise KeyboardInterrupt

    settings = Settings(internals=False)
    call = (tiny_pipeline, tiny_folder)
    with pytest.raises(KeyboardInterrupt):
        evaluate(*call, source(), tmp_path / "run", settings, stop)
    assert read == [1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "file_hash", None)
        evaluate(*call, source(), tmp_path / "run", settings)
    assert read == [1]
    (data / "q.csv").write_text(f"id,image,question,answer\n{asked}\nnew,a,is it?,no\n")
    with pytest.raises(DatasetError, match="another source: files differ"):
        evaluate(*call, source(), tmp_path / "run", settings)


def test_a_dataset_that_moved_is_found_again_and_no_other(
    tmp_path: Path, tiny_pipeline: "Pipeline", tiny_folder: Path, photograph: bytes
) -> None:
    data, moved = tmp_path / "data", tmp_path / "moved"
    data.mkdir()
    coco = "COCO_val2014_000000000007.jpg"
    for name in ("a.jpg", coco):
        (data / name).write_bytes(photograph)
    lines = [f"q{n},{'a7'[n % 2]},is it {n}?,yes" for n in range(300)]
    (data / "q.csv").write_text("\n".join(["id,image,question,answer", *lines]))

    def stop(stage: str, share: float) -> None:
        if " examples" in stage and share > 0.3:
            raise KeyboardInterrupt

    call, settings = (tiny_pipeline, tiny_folder), Settings(internals=False, baselines=False)
    evaluate(*call, open_source(data), tmp_path / "whole", settings)
    with pytest.raises(KeyboardInterrupt):
        evaluate(*call, open_source(data), tmp_path / "run", settings, stop)
    data.rename(moved)
    (moved / coco).rename(tmp_path / coco)
    with pytest.raises(DatasetError, match="found other pictures"):
        evaluate(*call, open_source(moved), tmp_path / "run", settings)
    (tmp_path / coco).rename(moved / coco)
    evaluate(*call, open_source(moved), tmp_path / "run", settings)
    tables = (pq.read_table(tmp_path / name / TABLE) for name in ("whole", "run"))
    whole, broken = (table.drop(["seconds", "picture_file"]) for table in tables)
    assert broken.equals(whole)


def test_a_shard_keeps_each_value_once_where_values_repeat(tmp_path: Path) -> None:
    made = prepared(ASSETS / "study", tmp_path)
    group = pq.ParquetFile(made.shards[0].path).metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    plain = {one.path_in_schema for one in columns if not one.has_dictionary_page}
    assert plain == {*OWN, "matches", "balanced"}  # Parquet has no dictionary of booleans
