"""One example of a run with what the model made of it: every column's name, type and meaning."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


def _told(title: str, meaning: str) -> Any:
    """A column's heading, and what it holds."""
    return field(metadata={"title": title, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRow:
    """What a run's table holds, in its order; None where it is not known."""

    question_id: str = _told("Id", "the example's id in its file")
    picture: str | None = _told("Picture", "the picture's id")
    picture_file: str | None = _told("Picture file", "where the picture lies")
    part: str | None = _told("Part", "pixels that alone are looked at: left top right bottom")
    second_picture: str | None = _told("Second picture", "NLVR2's right one")
    second_picture_file: str | None = _told("Its file", "where the second picture lies")
    text: str = _told("Question", "the question or caption")
    right: str | None = _told("Right", "the answer that most people gave")
    people: tuple[str, ...] | None = _told("People", "what each person answered")
    answer: str | None = _told("Answer", "the model's most probable answer")
    probability: float | None = _told("Certainty", "the model's probability of its answer, 0 to 1")
    second: str | None = _told("Second", "the model's second answer")
    margin: float | None = _told("Margin", "first probability less the second")
    score: float | None = _told("Score", "1 is right, 0 is wrong; soft where people disagree")
    ceiling: float | None = _told("Ceiling", "the best score that any answer can have")
    match: float | None = _told("P(match)", "probability that the text belongs to the picture")
    match_score: float | None = _told("l1 − l0", "of a caption: the log odds of a match")
    match_logit: float | None = _told("l1", "of a caption: the raw logit of “match”")
    blank_score: float | None = _told("Words alone", "l1 − l0 of a caption without any region")
    error: str | None = _told("Error", "why there is no answer")
    question_type: str | None = _told("Question type", "VQA's prefix, or the kind of a caption")
    answer_type: str | None = _told("Answer type", "yes/no, number or other")
    structural_type: str | None = _told(
        "Structure",
        "GQA: query is open, verify yes or no, choose one of two, logical joins two, compare two",
    )
    semantic_type: str | None = _told(
        "Meaning",
        "GQA: a thing's presence (obj), kind (cat), look (attr), relations (rel), or all (global)",
    )
    detailed_type: str | None = _told("Detailed type", "GQA's detailed type")
    operation: str | None = _told("Operation", "the last step of GQA's program")
    steps: int | None = _told("Steps", "steps of reasoning in GQA's program")
    words: int | None = _told("Words", "words in the text")
    object: str | None = _told("Object", "the first thing that the question is about")
    local_group: str | None = _told("Local group", "GQA: questions alike in topic and object")
    global_group: str | None = _told("Global group", "GQA: questions with the same kind of answer")
    balanced: bool | None = _told("Balanced", "in GQA's balanced set")
    regions: int | None = _told("Regions", "regions that the model was shown")
    missed: int | None = _told("Not seen", "things of the question that no region covers by half")
    grounding: float | None = _told(
        "Grounding",
        "share of the words' attention to regions that goes to what the question is about, "
        "0 to 1, mean over layers and heads",
    )
    valid: bool | None = _told("Valid", "the answer is of the kind asked for")
    plausible: bool | None = _told("Plausible", "the answer is ever true of such a thing")
    known: bool | None = _told("Known", "the right answer is among the model's answers")
    without_picture: str | None = _told("No picture", "the answer with every region removed")
    without_question: str | None = _told("No question", "the answer when the text is “?” alone")
    prior: str | None = _told("Prior", "the most frequent right answer to other such questions")
    without_picture_score: float | None = _told(
        "No picture: score", "what “No picture” would score"
    )
    without_question_score: float | None = _told(
        "No question: score", "what “No question” would score"
    )
    prior_score: float | None = _told("Prior: score", "what “Prior” would score")
    tail: bool | None = _told("Rare", "the right answer is rare in its local group")
    consistency: float | None = _told("Consistent", "share of the questions that follow, right too")
    contradicted: bool | None = _told("Contradicted", "a right answer elsewhere entails this one")
    cause: str | None = _told("Cause", "why it is wrong: the first rule that fires")
    pair: str | None = _told("Pair", "captions and foils that belong together")
    seconds: float | None = _told("Seconds", "time the network took, without looking")
    place: str | None = _told("Place", "file and line of the example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(WrittenRow):
    """With what is judged and noted beside the table."""

    correct: bool | None
    looked: bool | None  # the answer rests on what is asked about
    cluster: int | None
    verdict: str | None
    tags: str | None
    note: str | None


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """frame: with all columns, as Board.frame gives them."""
    known = frame.astype(object).where(frame.notna(), None)
    return [Row(**record) for record in known.to_dict("records")]
