"""Parts that were rewritten for speed, against the plain way."""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.comparing import Case
from lxmert_viz.analysis.answers import Ranked, best
from lxmert_viz.detector.operators import nms
from lxmert_viz.detector.selection import PER_CLASS_NMS
from lxmert_viz.detector.suppression import best_shares_apart
from lxmert_viz.records import Answer

ANSWERS, BOXES, CLASSES = 9500, 300, 1600


def cases(answers: int = ANSWERS, boxes: int = BOXES, classes: int = CLASSES) -> Iterator[Case]:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(answers, 0.1)).astype(np.float32)
    names = tuple(f"answer {number}" for number in range(answers))

    def ranked() -> list[np.ndarray]:
        places = best(shares, answers)
        return [_shown(Ranked(names, places, shares[places])[:5])]

    def objects() -> list[np.ndarray]:
        places = best(shares, answers).tolist()
        return [_shown([Answer(names[place], float(shares[place])) for place in places][:5])]

    yield Case(f"ranking {answers:,} answers, five shown", ranked, objects, "an object an answer")
    corners = torch.from_numpy(random.random((boxes, 4), np.float32)) * 500
    places = torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:]], dim=1)
    seen = torch.from_numpy(random.dirichlet(np.full(classes, 0.1), boxes).astype(np.float32))

    def one_by_one() -> list[np.ndarray]:
        found = torch.zeros(boxes)
        for of_class in seen.unbind(1):
            kept = nms(places, of_class, PER_CLASS_NMS)
            found[kept] = torch.maximum(found[kept], of_class[kept])
        return [found.numpy()]

    yield Case(
        f"choosing among {boxes} boxes in {classes:,} classes",
        lambda: [best_shares_apart(places, seen, PER_CLASS_NMS).numpy()],
        one_by_one,
        "torchvision's nms, a class at a time",
        within=0,
    )


def _shown(answers: list[Answer] | tuple[Answer, ...]) -> np.ndarray:
    return np.array([answer.probability for answer in answers])
