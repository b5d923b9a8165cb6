"""What was tried, step by step: named, reordered, restored."""

from dataclasses import dataclass, replace

from lxmert_viz.ui.server.variant import Variant

LONGEST = 40  # steps; the oldest leave first


@dataclass(frozen=True, slots=True)
class Step:
    number: int  # stays the same when steps change places
    name: str
    variant: Variant


class History:
    """The steps in the order that the person gave them, the one in use, and the one before it."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.now = 0  # number of the step in use
        self.before = 0  # number of the step that it is compared with
        self._next = 1

    def begin(self, name: str, variant: Variant) -> None:
        """A step that is compared with nothing but itself."""
        self._append(name, variant)
        self.before = self.now

    def change(self, name: str, variant: Variant) -> None:
        """A step that came from the one in use."""
        self.before = self.now
        self._append(name, variant)

    def put_back(self, steps: list[Step], now: int, before: int) -> None:
        """Steps of an earlier session in the place of these."""
        self.steps, self.now, self.before = list(steps), now, before
        self._next = 1 + max(step.number for step in steps)

    def step(self, number: int) -> Step:
        return next(step for step in self.steps if step.number == number)

    def restore(self, number: int) -> None:
        self.now = self.step(number).number

    def compare_with(self, number: int) -> None:
        self.before = self.step(number).number

    def rename(self, number: int, name: str) -> None:
        """An empty name leaves the one before."""
        place = self._place(number)
        self.steps[place] = replace(self.steps[place], name=name.strip() or self.steps[place].name)

    def move(self, number: int, by: int) -> None:
        place = self._place(number)
        step = self.steps.pop(place)
        self.steps.insert(min(max(place + by, 0), len(self.steps)), step)

    def remove(self, number: int) -> None:
        """The step in use stays."""
        if number == self.now:
            raise ValueError(f"step {number} is in use")
        del self.steps[self._place(number)]
        if self.before == number:
            self.before = self.now

    def _append(self, name: str, variant: Variant) -> None:
        self.steps.append(Step(self._next, name, variant))
        self.now = self._next
        self._next += 1
        spare = [s for s in self.steps if s.number not in (self.now, self.before)]
        for step in spare[: max(len(self.steps) - LONGEST, 0)]:
            self.steps.remove(step)

    def _place(self, number: int) -> int:
        return self.steps.index(self.step(number))
