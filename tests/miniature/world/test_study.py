import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lxmert_viz.miniature.world.programs import Step, answer_of
from lxmert_viz.miniature.world.questions import answer_names
from lxmert_viz.miniature.world.scenes import PICTURE_SIZE, make_scene
from lxmert_viz.miniature.world.study import write_study
from lxmert_viz.miniature.world.views import View

SEED, COUNT = 7_700_000, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, SEED, COUNT, ".png", pairs=True)
    return folder


def read(folder: Path, name: str) -> dict[str, dict]:
    return json.loads((folder / f"{name}.json").read_text())


def view_of(stem: str) -> View:
    return View.of(make_scene(int(stem.removeprefix("scene-"))))


def program_of(entry: dict) -> tuple[Step, ...]:
    return tuple(
        Step(s["operation"], s["argument"].partition("(")[0].strip(), tuple(s["dependencies"]))
        for s in entry["semantic"]
    )


def test_every_question_has_the_fields_of_gqa_and_its_programs_answer(folder: Path) -> None:
    questions = read(folder, "questions")
    assert len(questions) >= 7 * COUNT
    for entry in questions.values():
        assert entry["answer"] in answer_names()
        assert answer_of(program_of(entry), view_of(entry["imageId"])) == entry["answer"]
        assert entry["fullAnswer"].endswith(".")
        assert entry["types"].keys() == {"structural", "semantic", "detailed"}
        assert entry["groups"].keys() == {"global", "local"}
        assert (folder / "images" / f"{entry['imageId']}.png").is_file()


def test_questions_that_are_equal_or_follow_lead_to_answers_that_agree(folder: Path) -> None:
    questions = read(folder, "questions")
    repeated = 0
    for number, entry in questions.items():
        assert number in entry["equivalent"]
        assert number in entry["entailed"]
        for other in entry["equivalent"]:
            assert questions[other]["semantic"] == entry["semantic"]
            repeated += other != number
        for other in set(entry["entailed"]) - set(entry["equivalent"]):
            _, verify = program_of(questions[other])
            is_true = verify.argument == entry["answer"]
            assert questions[other]["answer"] == ("yes" if is_true else "no")
    assert repeated == 2 * COUNT


def test_annotated_words_name_objects_of_the_scene_graph(folder: Path) -> None:
    questions, graphs = read(folder, "questions"), read(folder, "scene_graphs")
    annotated = 0
    for entry in questions.values():
        objects = graphs[entry["imageId"]]["objects"]
        assert set(entry["objects"]) <= objects.keys()
        words = entry["question"].replace(",", "").replace("?", "").split()
        for place, number in entry["annotations"]["question"].items():
            start, _, end = place.partition(":")
            named = words[int(start) : int(end or int(start) + 1)]
            colors = {"gray", *objects[number]["attributes"]}
            annotated += 1
            assert named
            assert not {"red", "blue", "green", "yellow"} & set(named) - colors
        for number in entry["annotations"]["answer"].values():
            thing = objects[number]
            assert entry["answer"] in [thing["name"], *thing["attributes"]]
    assert annotated > 2 * COUNT


def test_the_scene_graph_holds_boxes_and_relations_of_the_picture(folder: Path) -> None:
    for stem, graph in read(folder, "scene_graphs").items():
        scene, objects = make_scene(int(stem[6:])), graph["objects"]
        picture = Image.open(folder / "images" / f"{stem}.png")
        assert picture.size == PICTURE_SIZE == (graph["width"], graph["height"])
        assert [o["name"] for o in objects.values()] == [o.shape for o in scene.objects]
        for thing in objects.values():
            assert 0 <= thing["x"] < thing["x"] + thing["w"] <= graph["width"]
            assert 0 <= thing["y"] < thing["y"] + thing["h"] <= graph["height"]
            left = [r["object"] for r in thing["relations"] if r["name"] == "left of"]
            middle = thing["x"] + thing["w"] / 2
            assert all(middle < objects[o]["x"] + objects[o]["w"] / 2 for o in left)


def test_valid_answers_hold_the_right_one(folder: Path) -> None:
    questions = read(folder, "questions")
    for number, choice in read(folder, "choices").items():
        assert questions[number]["answer"] in choice["valid"]
        assert set(choice["plausible"]) <= set(choice["valid"]) <= set(answer_names())


def test_caption_and_foil_differ_in_a_word_or_two(folder: Path) -> None:
    captions = read(folder, "captions")
    assert len(captions) == COUNT
    for entry in captions.values():
        assert entry["caption"] != entry["foil"]


def test_a_counterfactual_pair_is_drawn_and_differs_where_it_says(folder: Path) -> None:
    questions, graphs = read(folder, "questions"), read(folder, "scene_graphs")
    pictures = 0
    for number, changes in read(folder, "counterfactuals").items():
        stem = questions[number]["imageId"]
        before = np.asarray(Image.open(folder / "images" / f"{stem}.png"), int)
        for change in changes:
            pictures += 1
            thing = graphs[stem]["objects"][change["object"]]
            assert change["before"] in [thing["name"], *thing["attributes"]]
            assert (change["answer"] != questions[number]["answer"]) == change["relevant"]
            path = folder / "images" / f"{change['imageId']}.png"
            after = np.asarray(Image.open(path), int)
            far = np.abs(after - before).max(-1) > 60
            box = far[thing["y"] : thing["y"] + thing["h"], thing["x"] : thing["x"] + thing["w"]]
            assert not far.any() or box.any()
    assert pictures >= COUNT


def test_more_may_be_asked_that_another_object_contends(tmp_path: Path, folder: Path) -> None:
    write_study(tmp_path, SEED, COUNT, ".png", rivals=3)
    asked, usual = read(tmp_path, "questions"), read(folder, "questions")
    more = {number: entry for number, entry in asked.items() if number not in usual}
    assert usual.items() <= asked.items() and len(more) > COUNT
    for number, entry in more.items():
        assert entry["types"]["detailed"].startswith("contended: ")
        assert answer_of(program_of(entry), view_of(entry["imageId"])) == entry["answer"]
        assert entry["answer"] in read(tmp_path, "choices")[number]["valid"]
