"""Checks of what the heads say, on pictures of which the truth is known."""

import numpy as np

from lxmert_viz.checks.findings import RIGHT, WRONG, Finding, judged, not_applicable
from lxmert_viz.checks.regions import NO_TRUTH
from lxmert_viz.checks.subject import Subject

MATCH = "Match logit"
ALIGNMENT = "Labels and answers"

ENOUGH_RIGHT = 0.5  # share of questions; a shuffled list gives a few in a hundred, or one in three
CLEAR = 0.1  # between the mean P(match) of true and of false captions


def check_match(subject: Subject) -> Finding:
    """Index 1 of the two matching logits means that text and picture belong together."""
    if not subject.pipeline.has_match:
        return not_applicable(MATCH, "this checkpoint has no output head for matching")
    if not subject.truths:
        return not_applicable(MATCH, NO_TRUTH)
    told: dict[bool, list[float]] = {True: [], False: []}
    for truth in subject.truths:
        scores = subject.pipeline.score_many([(truth.regions, text) for text, _ in truth.captions])
        for (_, is_true), one in zip(truth.captions, scores, strict=True):
            told[is_true].append(one.match)
    true, false = float(np.mean(told[True])), float(np.mean(told[False]))
    said = (
        f"P(match) is {true:.2f} for {len(told[True])} true captions and "
        f"{false:.2f} for {len(told[False])} false ones"
    )
    if true > false + CLEAR:
        return Finding(MATCH, RIGHT, said)
    if false > true + CLEAR:
        return Finding(MATCH, WRONG, f"{said}: in this checkpoint index 0 means match")
    return Finding(MATCH, WRONG, f"{said}: the head tells them hardly apart; was it trained?")


def check_alignment(subject: Subject) -> Finding:
    """The head's labels and the list's names belong together: most answers are right."""
    if not subject.pipeline.has_answers:
        return not_applicable(ALIGNMENT, "this checkpoint has no output head for answers")
    if not subject.truths:
        return not_applicable(ALIGNMENT, NO_TRUTH)
    right = [given == answer for given, answer in subject.first_answers]
    said = f"{sum(right)} of {len(right)} questions of known pictures are answered right"
    return judged(
        ALIGNMENT,
        np.mean(right) >= ENOUGH_RIGHT,
        said,
        f"only {said}: the list of answers is in another order, or the network is not trained",
    )
