"""The published protocol: its steps, its areas, and its ends on a tiny network."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import chefer as room
from lxmert_viz.runs.chefer import CURVES, STEPS, chefer, summary
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import prepared_in

WORDS = ("red", "green", "blue", "large")


@dataclass
class Watched:
    """A game of 2 words and 36 regions that notes who was there."""

    players: int = 38
    seen: list[np.ndarray] = field(default_factory=list)

    def answered(self, members: np.ndarray) -> np.ndarray:
        self.seen.append(members)
        return np.zeros(len(members), int)


def test_as_many_regions_stay_as_published() -> None:
    game = Watched()
    room._answers(game, np.arange(37, 1, -1))
    (members,) = game.seen
    assert members[:, 2:].sum(axis=1).tolist() == [36, 27, 18, 9, 7, 5, 3, 1, 0]
    assert members[:, :2].all()  # words stay
    assert not members[1, -9:].any() and members[1, 2:-9].all()  # the first of the order leave


def test_areas_are_those_published() -> None:
    """Relevance maps on VQA v2, words' most relevant first: an area of 21.57."""
    accuracy = np.array([66.51, 29.56, 14.46, 7.07, 6.23, 6.12, 4.82, 4.40, 4.37]) / 100
    rows = pd.DataFrame({name: [accuracy, accuracy] for name in CURVES})
    table = summary({"bimodal": rows})
    assert table.area.tolist() == pytest.approx([21.57] * 4, abs=0.01)
    assert table["90%"].tolist() == pytest.approx([4.82] * 4) and set(table.questions) == {2}


def made(
    pipeline: Pipeline, model: Path, photograph: bytes, folder: Path, answers: tuple[str, ...]
) -> RunFolder:
    path = folder / "a.jpg"
    path.write_bytes(photograph)
    examples = tuple(Example(word, "a", f"is it {word}?", answers) for word in WORDS)
    dataset = Dataset("toy", "table", (), examples, {"a": path})
    return evaluate(pipeline, model, dataset, folder / "run", Settings(baselines=False))


def test_curves_begin_with_everything_and_end_with_nothing(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    regions = tiny_pipeline.look(photograph)
    texts = [f"is it {word}?" for word in WORDS]

    def share(answer: str, pairs: list[tuple[object, str]]) -> float:
        scores = tiny_pipeline.score_many(pairs)
        return 100 * float(np.mean([tiny_pipeline.answers(s, 1)[0].text == answer for s in scores]))

    whole = tiny_pipeline.score_many([(regions, texts[0])])[0]
    answer = tiny_pipeline.answers(whole, 1)[0].text
    run = made(tiny_pipeline, tiny_folder, photograph, tmp_path, (answer,))
    table = chefer(tiny_pipeline, tiny_folder, run, ["bimodal", "occlusion"])
    assert table[["method", "curve"]].values.tolist() == [
        [method, curve] for method in ("bimodal", "occlusion") for curve in CURVES
    ]
    everything = share(answer, [(regions, text) for text in texts])
    blind = share(answer, [(regions.only(()), text) for text in texts])
    assert table["0%"].tolist() == pytest.approx([everything] * 8, abs=1e-4)
    images = table[table.curve.str.startswith("image")]
    assert images["100%"].tolist() == pytest.approx([blind] * 4, abs=1e-4)
    assert len(set(table[table.curve.str.startswith("text")]["100%"].round(4))) == 1
    assert (tmp_path / "run" / "chefer.csv").read_text().startswith("method,curve,questions,area")


def test_it_goes_on_where_it_broke_off(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    photograph: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = made(tiny_pipeline, tiny_folder, photograph, tmp_path, ("yes",))
    first = chefer(tiny_pipeline, tiny_folder, run, ["attention"])
    monkeypatch.setattr(room, "curves", lambda *given: pytest.fail("asked again"))
    pd.testing.assert_frame_equal(first, chefer(tiny_pipeline, tiny_folder, run, ["attention"]))


def test_questions_are_drawn_alike_each_time_and_need_a_right_answer(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    run = made(tiny_pipeline, tiny_folder, photograph, tmp_path, ("yes",))
    prepared = prepared_in(run.examples)
    assert room.drawn(prepared, 2) == room.drawn(prepared, 2) < room.drawn(prepared, 9)
    assert len(room.drawn(prepared, 2)) == 2 and len(STEPS) == 9
    (tmp_path / "other").mkdir()
    none = made(tiny_pipeline, tiny_folder, photograph, tmp_path / "other", ())
    with pytest.raises(DatasetError, match="No question of this run has a right answer"):
        chefer(tiny_pipeline, tiny_folder, none, ["attention"])


def test_the_command_wants_methods(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["evaluate", "study", "--out", str(tmp_path / "run"), "--protocol", "chefer"]
    assert main(asked) == 2
    assert "--protocol needs the methods to measure" in capsys.readouterr().err
