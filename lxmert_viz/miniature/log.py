"""A training run's progress: a line on the screen with the time left, and a CSV file."""

import csv
import sys
import time
from pathlib import Path

EVERY = 25  # steps a row


class TrainingLog:
    """Averages the losses of EVERY steps into one row of the CSV file and one line on the screen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sums: dict[str, list[float]] = {}
        self._started = time.monotonic()
        self._first_step: int | None = None

    def step(self, step: int, steps: int, values: dict[str, float]) -> None:
        if self._first_step is None:
            self._first_step = step
        for name, value in values.items():
            self._sums.setdefault(name, []).append(value)
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
        new = not self._path.exists()
        with self._path.open("a", newline="") as file:
            rows = csv.writer(file)
            if new:
                rows.writerow(["step", "seconds", *sorted(means)])
            rows.writerow([step + 1, round(seconds, 1), *(means[k] for k in sorted(means))])
