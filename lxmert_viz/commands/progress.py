"""How far a command is, on standard error: a line that is written over, or lines of a log."""

import sys
from typing import TextIO

LEAST = 70  # letters of a line that is written over


class Progress:
    """Knows whether a line is open: the process has one standard error, so there is one of it."""

    def __init__(self) -> None:
        self.stream: TextIO | None = None  # None: standard error, whatever it leads to
        self._is_open = False
        self._width = LEAST  # of what is written on the open line

    def over(self, text: str) -> None:
        """In the place of the open line, all of which it covers."""
        self._width = max(self._width, len(text))
        self.write(f"\r{text:<{self._width}}")

    def write(self, text: str) -> None:
        print(text, end="", file=self.stream or sys.stderr, flush=True)
        self._is_open = not text.endswith("\n")
        if not self._is_open:
            self._width = LEAST

    def line(self, text: str) -> None:
        """On a line of its own."""
        self.end()
        self.write(f"{text}\n")

    def end(self) -> None:
        """What is written next begins on a line of its own."""
        if self._is_open:
            self.write("\n")


PROGRESS = Progress()


def report(stage: str, share: float) -> None:
    """share: of the work, 0..1."""
    PROGRESS.over(stage)
    if share >= 1:
        PROGRESS.end()
