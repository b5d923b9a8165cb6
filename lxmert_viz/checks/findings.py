"""What one line of the self-check says."""

from dataclasses import dataclass

RIGHT = "right"
WRONG = "wrong"
NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    state: str  # RIGHT, WRONG or NOT_APPLICABLE
    said: str  # what was measured; where it is wrong, what that means


def judged(check: str, holds: bool, right: str, wrong: str) -> Finding:
    return Finding(check, RIGHT if holds else WRONG, right if holds else wrong)


def not_applicable(check: str, why: str) -> Finding:
    return Finding(check, NOT_APPLICABLE, why)
