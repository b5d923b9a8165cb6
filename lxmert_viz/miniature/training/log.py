"""A training run's progress: a line on the screen with the time left, and a CSV file."""

import csv
import sys
import time
from pathlib import Path

EVERY = 25  # steps a row


class TrainingLog:
    """Averages the values of EVERY steps: rows of a CSV file and one line on the screen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sums: dict[str, list[float]] = {}
        self._started = time.monotonic()
        self._first_step: int | None = None

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._sums.setdefault(name, []).append(value)

    def step(self, step: int, steps: int) -> None:
        """Step number `step` of `steps` is done; its values were added."""
        if self._first_step is None:
            self._first_step = step
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            self._write(step, steps)

    def _write(self, step: int, steps: int) -> None:
        means = {name: sum(v) / len(v) for name, v in self._sums.items()}
        self._sums = {}
        seconds = time.monotonic() - self._started
        done = step + 1 - self._first_step
        left = seconds / done * (steps - step - 1)
        parts = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        print(f"step {step + 1}/{steps}  {parts}  {left / 60:.1f} min left", file=sys.stderr)
        # it grows for hours, and is for people: no later start reads it
        with self._path.open("a", newline="") as file:
            rows = csv.writer(file)  # long form: a task may have no labels in some rows
            rows.writerows([step + 1, round(seconds, 1), k, v] for k, v in means.items())
