"""A run's answers as the test servers of VQA, GQA and NLVR2 take them."""

import csv
import io
import json
import re
from dataclasses import dataclass

from lxmert_viz.dataset.nlvr2 import TRUTHS
from lxmert_viz.errors import DatasetError
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import MATCH, NO_MATCH
from lxmert_viz.results.run_folder import REMARKS

LAYOUTS = VQA, GQA, NLVR2 = ("vqa", "gqa", "nlvr2")
KEYS = {VQA: ("question_id", "answer"), GQA: ("questionId", "prediction")}
MOST_LISTED = 20
WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d*")  # what a number looks like once it is text


@dataclass(frozen=True, slots=True)
class ResultFile:
    content: str
    answers: int
    left_out: int  # questions without an answer, or that could not be read


def result_file(board: Board, layout: str, partial: bool) -> ResultFile:
    """VQA and GQA: a JSON list. NLVR2: a line a pair, identifier and True or False.

    layout: one of LAYOUTS. partial: leave out questions that have no answer. Raises DatasetError.
    """
    rows = board.frame(columns=["question_id", "answer"])
    answered = list(rows.dropna().itertuples(index=False, name=None))
    missing = rows["question_id"][rows["answer"].isna()].tolist() + _unread(board)
    if missing and (not partial or not answered):
        listed = ", ".join(missing[:MOST_LISTED]) + (" …" if missing[MOST_LISTED:] else "")
        raise DatasetError(
            f"{len(missing):,} of {len(answered) + len(missing):,} questions have no answer, and a "
            f"test server wants all: {listed}. The run's column `error` and its {REMARKS} say why; "
            "--partial leaves them out."
        )
    if layout == NLVR2:
        content = _lines(answered)
    else:
        content = _entries(answered, layout, str(board.manifest.get("ids", "")))
    return ResultFile(content, len(answered), len(missing))


def _unread(board: Board) -> list[str]:
    """Where the questions' file has rows that could not be read, so that nobody was asked."""
    questions = next(iter(board.manifest["data"].get("files", ())), "")
    remarks = board.run.remarks()
    return [f"line {r.line}" for r in remarks if r.kind == "broken" and r.file == questions]


def _entries(answered: list[tuple[str, str]], layout: str, ids: str) -> str:
    for name, answer in answered:
        if answer in (MATCH, NO_MATCH):
            raise DatasetError(
                f"{name} is a caption, which is {answer}: the {layout} layout is for questions."
            )
    as_number = ids == "numbers" or (not ids and layout == VQA)
    name_key, answer_key = KEYS[layout]
    entries = [
        {name_key: int(n) if as_number and WHOLE_NUMBER.fullmatch(n) else n, answer_key: answer}
        for n, answer in answered
    ]
    return json.dumps(entries, ensure_ascii=False) + "\n"


def _lines(answered: list[tuple[str, str]]) -> str:
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    for name, answer in answered:
        truth = TRUTHS.get(answer.lower())
        if truth is None:
            raise DatasetError(
                f"{name} is answered with {answer!r}: the nlvr2 layout takes True and False."
            )
        lines.writerow([name, truth])
    return written.getvalue()
