"""How far a command is, on standard error: a line that is written over, or lines of a log."""

import sys


class Progress:
    """Knows whether a line is open: the process has one standard error, so there is one of it."""

    def __init__(self) -> None:
        self._is_open = False

    def write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)
        self._is_open = not text.endswith("\n")

    def end(self) -> None:
        """What is written next begins on a line of its own."""
        if self._is_open:
            self.write("\n")


PROGRESS = Progress()


def report(stage: str, share: float) -> None:
    """share: of the work, 0..1."""
    end = "\n" if share >= 1 else ""
    PROGRESS.write(f"\r{stage:<70}{end}")
