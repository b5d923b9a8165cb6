"""What actors say while they work: a note a piece, which stays where its actor ends before it."""

from contextlib import suppress

from lxmert_viz.stores import Store

NOTES = "begun"
CLOCK = "clock"


class Notes:
    """Of one piece of work, on a disk or in a store that all its machines see."""

    def __init__(self, place: Store) -> None:
        """place: the run's folder, or what stands for it."""
        self._place = place.below(NOTES)

    def write(self, name: str, host: str) -> None:
        """Also again, as a sign of life. Raises OSError where all ended meanwhile."""
        self._place.put(name, host.encode(), makes_folders=False)

    def read(self, name: str) -> str | None:
        """The host that is, or was, at it; None where there is no note."""
        with suppress(FileNotFoundError):
            return self._place.get(name).decode()
        return None

    def remove(self, name: str) -> None:
        self._place.remove(name)

    def names(self, beginning: str = "") -> list[str]:
        return [name for name in self._place.times() if name.startswith(beginning)]

    def lives(self, seconds: float) -> bool:
        """Whether any was written so lately, by the place's own clock."""
        self.write(CLOCK, "")
        times = self._place.times()
        now = times.pop(CLOCK)
        self._place.remove(CLOCK)
        return any(now - time < seconds for time in times.values())

    def begin(self) -> None:
        """An empty folder."""
        self.clear()
        self._place.put(CLOCK, b"")
        self.remove(CLOCK)

    def clear(self) -> None:
        self._place.clear()
