"""Does this checkpoint behave like itself? Every check, in the order of what rests on what."""

from collections.abc import Callable, Iterator
from pathlib import Path

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checks import answers, files, regions, weights
from lxmert_viz.checks.findings import RIGHT, WRONG, Finding, not_applicable
from lxmert_viz.checks.subject import Subject, open_subject
from lxmert_viz.errors import CheckpointError
from lxmert_viz.records import Report

OPENS = "Opens"
OF_FILES = ((files.FILES, files.check_files), (files.ANSWERS, files.check_answer_list))
OF_NETWORK: tuple[tuple[str, Callable[[Subject], Finding]], ...] = (
    (weights.FINITE, weights.check_finite),
    (weights.TIED, weights.check_tied_decoder),
    (weights.KNOWN_ANSWER, weights.check_known_answer),
    (regions.FEATURES, regions.check_features),
    (regions.COLOURS, regions.check_channels),
    (regions.BOXES, regions.check_boxes),
    (answers.MATCH, answers.check_match),
    (answers.ALIGNMENT, answers.check_alignment),
)
CHECKS = len(OF_FILES) + 1 + len(OF_NETWORK)


def check(
    name_or_folder: str | Path,
    models: Path | None = None,
    device: str = "auto",
    regions: Path | None = None,
    report: Report = lambda check, share: None,
) -> Iterator[Finding]:
    """One finding after the other. Raises CheckpointError where there is nothing to check.

    regions: a file of those that the checkpoint is asked about; else its detector's are judged.
    report hears which check comes and the share done, 0..1.
    """
    folder = find(name_or_folder, models)
    for done, (name, look) in enumerate(OF_FILES):
        report(name, done / CHECKS)
        yield look(folder)
    report(OPENS, len(OF_FILES) / CHECKS)
    try:
        subject = open_subject(folder, device, regions)
    except CheckpointError as error:
        yield Finding(OPENS, WRONG, str(error))
        for name, _ in OF_NETWORK:
            yield not_applicable(name, "the checkpoint does not open")
        return
    notes = subject.pipeline.network.load_report.notes
    yield Finding(OPENS, RIGHT, " ".join(("every file is there, and all fit together.", *notes)))
    for done, (name, look) in enumerate(OF_NETWORK, start=len(OF_FILES) + 1):
        report(name, done / CHECKS)
        yield look(subject)
