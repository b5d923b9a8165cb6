"""Does a tuned miniature learn what it did not know, and keep what it knew?

python -m benchmarks.tuning [--epochs N] [--rate R]

Captions of the shipped study scenes that state or deny a relation, each with a foil: no caption
that the miniature learnt from holds a "not". Without those that state one it would turn all that it
knew into its opposite. Beside it the captions that it knew, before and after. One JSON object.
"""

import argparse
import json
import shutil
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.miniature.training.tuning import Plan
from lxmert_viz.miniature.world.captions import OPPOSITE
from lxmert_viz.miniature.world.scenes import make_scene
from lxmert_viz.miniature.world.views import View
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.fine_tuning import fine_tune, unheard
from lxmert_viz.runs.manifest import Settings

STUDY = ASSETS / "study"
A_SCENE = 8  # relations, at most


def denied(stem: str) -> dict[str, dict[str, str]]:
    """Of one scene, in VALSE's layout."""
    seed = int(stem.partition("-")[2])
    view = View.of(make_scene(seed))
    names = [f"{o.size} {o.color} {o.material} {o.shape}" for o in view.objects]
    alone = [n for n, name in enumerate(names) if names.count(name) == 1]
    stand = [
        (one, relation, other)
        for one in alone
        for other in alone
        for relation in OPPOSITE
        if one != other and view.stands(one, relation, other)
    ]
    Random(seed).shuffle(stand)
    made = {}
    for number, (one, relation, other) in enumerate(stand[:A_SCENE]):
        subject, rest = f"the {names[one]} is", f"the {names[other]}."
        true, false = f"{relation} {rest}", f"{OPPOSITE[relation]} {rest}"
        for word, texts in (("", (true, false)), ("not ", (false, true))):
            made[f"{stem}-{number}{word.strip()}"] = {
                "image_file": stem,
                "linguistic_phenomena": f"{word}{relation}",
                "caption": f"{subject} {word}{texts[0]}",
                "foil": f"{subject} {word}{texts[1]}",
            }
    return made


def known_pairs(pipeline: Pipeline, folder: Path, run: Path) -> float | None:
    settings = Settings(baselines=False, internals=False)
    dataset = open_dataset(STUDY / "captions.json")
    return open_run(evaluate(pipeline, folder, dataset, run, settings).path).pairs("")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=5e-4)
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        place = Path(scratch)
        shutil.copy(STUDY / "regions.tsv", place)
        stems = json.loads((STUDY / "scenes.json").read_text())
        made = {name: entry for stem in stems for name, entry in denied(stem).items()}
        (place / "denied.json").write_text(json.dumps(made))
        folder, pipeline = find(SHIPPED), Pipeline.open(SHIPPED)
        plan = Plan("match", learning_rate=options.rate, epochs=options.epochs)
        dataset = open_dataset(place / "denied.json")
        found = fine_tune(pipeline, folder, dataset, place / "tuned", plan, unheard)
        tuned = Pipeline.open(found.folder)
        told = {
            "what": "relations stated and denied, pairwise, on pictures that nothing else saw",
            "pairs": len(made),
            "before": found.before,
            "after": found.after,
            "interval": found.interval,
            "known captions before": known_pairs(pipeline, folder, place / "before"),
            "known captions after": known_pairs(tuned, found.folder, place / "after"),
            "epoch": found.best,
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
