"""GQA's metrics, and GQA-OOD's head and tail."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

TAIL = 0.2  # GQA-OOD's alpha: how far above its group's mean an answer may be and still be rare
Counts = Mapping[str, Mapping[str, int]]  # group -> right answer, first met first -> how often
UNCOUNTED = ("exist", "query name", "choose name")  # steps that are no reasoning


def distribution(answers: Sequence[str], gold: Sequence[str], groups: Sequence[str]) -> float:
    """How far the answers of each group spread otherwise than the right ones; 0 is alike.

    Chi-square per global group, mean weighted by the group's size, over 100, as GQA has it.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        if group:
            members[group].append(number)
    total = 0.0
    for numbers in members.values():
        expected = Counter(gold[n] for n in numbers)
        observed = Counter(answers[n] for n in numbers)
        chi = sum((observed[answer] - e) ** 2 / e for answer, e in expected.items())
        total += chi * len(numbers)
    return total / sum(map(len, members.values())) / 100


def rare_answers(counts: Counts, alpha: float = TAIL) -> dict[str, set[str]]:
    """Per local group, the right answers that are rare in it: GQA-OOD's tail.

    Rare: at most 1 + alpha times as often as the group's answers on average. Source: GQA-OOD.
    """
    rare = {}
    for group, times in counts.items():
        most = (1 + alpha) * sum(times.values()) / len(times)
        rare[group] = {answer for answer, count in times.items() if count <= most}
    return rare


def steps(operations: Sequence[str]) -> int:
    """GQA's number of reasoning steps: the program without what only reads out its result."""
    return sum(operation not in UNCOUNTED for operation in operations)


def leaders(counts: Counts) -> dict[str, list[tuple[str, int]]]:
    """Per group, its two most frequent right answers with their counts; first of equals first."""
    return {group: Counter(times).most_common(2) for group, times in counts.items()}


def prior_answer(leading: Sequence[tuple[str, int]], own: str) -> str:
    """The most frequent right answer among the others of a question's group; "" without others.

    leading: of its group, as `leaders` has them. own: the question's right answer, which is left
    out: no question is told its own.
    """
    left = [(answer, count - (answer == own)) for answer, count in leading]
    best, count = max(left, key=lambda entry: entry[1])
    return best if count else ""


def rates(values: Mapping[str, Sequence[bool | None]]) -> dict[str, float | None]:
    """The share of True of each, over those that are known; None where none is."""
    known = {name: [v for v in column if v is not None] for name, column in values.items()}
    return {name: sum(column) / len(column) if column else None for name, column in known.items()}
