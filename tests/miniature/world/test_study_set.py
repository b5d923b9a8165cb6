"""The study set that is shipped: 60 drawn scenes with questions, captions and regions."""

from collections import Counter
from pathlib import Path

from lxmert_viz.config import read_json
from lxmert_viz.miniature.world.programs import Step, answer_of
from lxmert_viz.miniature.world.scenes import make_scene
from lxmert_viz.miniature.world.views import View
from lxmert_viz.places import ASSETS
from lxmert_viz.region_files.opening import open_regions

STUDY = ASSETS / "study"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_it_is_small_enough_to_ship_and_large_enough_to_study() -> None:
    assert sum(path.stat().st_size for path in files(STUDY)) < 8_000_000
    assert len(files(STUDY / "images")) == 60
    questions = read_json(STUDY / "questions.json")
    kinds = Counter(entry["types"]["detailed"].split(":")[0] for entry in questions.values())
    assert min(kinds.values()) >= 55
    assert len(kinds) == 6
    captions = read_json(STUDY / "captions.json")
    assert 550 <= len(questions) + 2 * len(captions) <= 700


def test_its_answers_are_those_of_the_scenes() -> None:
    for entry in read_json(STUDY / "questions.json").values():
        view = View.of(make_scene(int(entry["imageId"].removeprefix("scene-"))))
        program = tuple(
            Step(s["operation"], s["argument"].partition("(")[0].strip(), tuple(s["dependencies"]))
            for s in entry["semantic"]
        )
        assert answer_of(program, view) == entry["answer"]


def test_its_regions_show_its_objects() -> None:
    graphs = read_json(STUDY / "scene_graphs.json")
    rows = open_regions(STUDY / "regions.tsv")
    assert {*rows} == {*graphs}
    counts = [(len(rows[stem]), len(graphs[stem]["objects"])) for stem in graphs]
    assert sum(abs(seen - there) for seen, there in counts) / sum(n for _, n in counts) < 0.2
