import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.miniature.world.drawing import Drawing, draw
from lxmert_viz.miniature.world.pictures import render
from lxmert_viz.miniature.world.scenes import GAP, PICTURE_SIZE, attribute_names, make_scene
from lxmert_viz.places import ROOT


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return draw(make_scene(3))


def test_a_seed_gives_one_scene_and_one_picture(drawing: Drawing) -> None:
    assert make_scene(3) == make_scene(3)
    assert make_scene(3) != make_scene(4)
    assert np.array_equal(draw(make_scene(3)).picture, drawing.picture)


@pytest.mark.parametrize("seed", range(12))
def test_objects_stand_apart_and_number_three_to_eight(seed: int) -> None:
    objects = make_scene(seed).objects
    assert 3 <= len(objects) <= 8
    for i, first in enumerate(objects):
        for second in objects[i + 1 :]:
            apart = np.hypot(first.x - second.x, first.y - second.y)
            assert apart >= first.radius + second.radius + GAP


def test_a_scene_can_be_asked_for_its_number_of_objects() -> None:
    assert [len(make_scene(9, count=n).objects) for n in (1, 2, 8)] == [1, 2, 8]


def test_every_box_lies_in_the_picture_and_holds_its_object(drawing: Drawing) -> None:
    width, height = PICTURE_SIZE
    scene = make_scene(3)
    assert drawing.picture.shape == (height, width, 3)
    assert (drawing.boxes_px[:, :2] >= 0).all()
    assert (drawing.boxes_px[:, 2:] <= [width, height]).all()
    assert (drawing.boxes_px[:, 2:] - drawing.boxes_px[:, :2] >= 10).all()
    middles = np.array([[o.x, o.y, o.radius * 0.8] for o in scene.objects], np.float32)
    points = scene.camera.project(middles)
    assert (points > drawing.boxes_px[:, :2]).all()
    assert (points < drawing.boxes_px[:, 2:]).all()


def test_what_is_drawn_in_a_box_has_the_objects_color() -> None:
    hue = {"red": 0, "green": 1, "blue": 2}
    seen = 0
    for seed in range(6):
        scene, picture = make_scene(seed), draw(make_scene(seed))
        for thing, box in zip(scene.objects, picture.boxes_px, strict=True):
            if thing.color in hue and thing.shape != "ring":
                x, y = ((box[:2] + box[2:]) / 2).astype(int)
                patch = picture.picture[y - 3 : y + 3, x - 3 : x + 3].mean((0, 1))
                seen += 1
                assert patch.argmax() == hue[thing.color], (seed, thing, patch)
    assert seen > 5


def test_a_hidden_object_shows_less_of_itself_than_a_free_one() -> None:
    shares = np.concatenate([draw(make_scene(s)).visible for s in range(4)])
    assert shares.max() == pytest.approx(1)
    assert (shares > 0.4).all()


def test_attribute_labels_are_size_color_and_material_at_once() -> None:
    thing = make_scene(0).objects[0]
    name = attribute_names()[thing.attribute_label]
    assert name == f"{thing.size} {thing.color} {thing.material}"
    assert len(attribute_names()) == 2 * 8 * 2


def test_rendered_scenes_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lxmert_viz.miniature.world.pictures.CHUNK", 2)
    first = render(tmp_path, 50, 3, workers=1)
    written = {f: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    second = render(tmp_path, 50, 3, workers=1)
    assert {f: f.stat().st_mtime_ns for f in tmp_path.iterdir()} == written
    assert len(first) == len(second) == 3
    assert np.array_equal(second.pictures[2], draw(make_scene(52)).picture)


def test_rendering_ends_where_a_library_catches_the_signal_to_end(tmp_path: Path) -> None:
    """As Ray's handlers do, which every fork inherits."""
    script = (
        "import faulthandler, signal, sys\nfrom pathlib import Path\n"
        "from lxmert_viz.miniature.world import pictures\n"
        "pictures.CHUNK = 1\n"  # drawn in no time, by a pool each time
        "faulthandler.register(signal.SIGTERM)\n"
        "for seed in range(20): pictures.render(Path(sys.argv[1]), seed, 1, workers=2)\n"
    )
    call = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.run(call, cwd=ROOT, timeout=60).returncode == 0
