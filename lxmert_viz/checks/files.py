"""Checks of a folder's files: are they whole, and do the lists belong to the network?"""

from pathlib import Path

from lxmert_viz.checkpoints.contents import read_answers
from lxmert_viz.checkpoints.download import matches
from lxmert_viz.checkpoints.known import KNOWN
from lxmert_viz.checkpoints.record import recorded
from lxmert_viz.checks.findings import WRONG, Finding, judged, not_applicable
from lxmert_viz.checks.subject import known_name
from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError

FILES = "Files as published"
ANSWERS = "Answer vocabulary"


def check_files(folder: Path) -> Finding:
    """Every fetched file still has the hash that it was published with."""
    fetched = recorded(folder)
    if fetched is None:
        return not_applicable(FILES, "nothing of this checkpoint was fetched by this tool")
    odd = [f.path for f in fetched.files if f.needed and not matches(f.place(folder), f)]
    return judged(
        FILES,
        not odd,
        f"{len(fetched.files)} files have the hashes of commit {fetched.commit[:12]}",
        f"{', '.join(odd)}: not as published, so nothing below can be trusted; fetch it again",
    )


def check_answer_list(folder: Path) -> Finding:
    """The list of answers has the head's length and, for a known checkpoint, the right order."""
    if not (folder / "config.json").is_file():
        return not_applicable(ANSWERS, "no config.json says how many answers the head has")
    count = LxmertConfig.from_file(folder / "config.json").num_qa_labels
    try:
        answers = read_answers(folder)
    except CheckpointError as error:
        return Finding(ANSWERS, WRONG, str(error))
    if not answers:
        return Finding(ANSWERS, WRONG, "no answers.json: answers are numbers of labels")
    if len(answers) != count:
        return Finding(
            ANSWERS,
            WRONG,
            f"{len(answers)} names for a head of {count} answers: it belongs to another checkpoint",
        )
    known = {c.name: c for c in KNOWN if c.repository}.get(known_name(folder))
    if known is None:
        return judged(ANSWERS, True, f"{count} names, as many as the head has", "")
    published = matches(folder / "answers.json", known.answer_list)
    return judged(
        ANSWERS,
        published,
        f"the published list of {count} answers, in its order",
        f"{count} names, but not the published list: answers may be called by others' names",
    )
