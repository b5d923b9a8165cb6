"""What the rows that a filter leaves come to."""

from dataclasses import dataclass

TOTALS = """
count(*) AS rows, count(score) AS scored, count(error) AS errors,
avg(score) AS score, avg(ceiling) AS ceiling,
avg(CAST(valid AS INT)) AS valid, avg(CAST(plausible AS INT)) AS plausible,
avg(grounding) AS grounding, avg(consistency) AS consistency, avg(CAST(known AS INT)) AS known,
avg(score) FILTER (tail) AS tail, avg(score) FILTER (NOT tail) AS head,
avg(score) FILTER (structural_type != 'query') AS closed,
avg(score) FILTER (structural_type = 'query') AS open,
avg(without_picture_score) AS without_picture,
avg(without_question_score) AS without_question, avg(prior_score) AS prior,
avg(CAST(answer = 'yes' AS INT)) FILTER ("right" IN ('yes', 'no')) AS says_yes,
avg(CAST("right" = 'yes' AS INT)) FILTER ("right" IN ('yes', 'no')) AS is_yes
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts, and means that are None where no row counts."""

    rows: int
    scored: int
    errors: int
    score: float | None
    ceiling: float | None
    valid: float | None
    plausible: float | None
    grounding: float | None
    consistency: float | None
    known: float | None
    tail: float | None
    head: float | None
    closed: float | None
    open: float | None
    without_picture: float | None
    without_question: float | None
    prior: float | None
    says_yes: float | None
    is_yes: float | None

    @property
    def gap(self) -> float | None:
        """GQA-OOD's: (head - tail) / tail."""
        return (self.head - self.tail) / self.tail if self.tail and self.head is not None else None
