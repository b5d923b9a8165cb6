"""One map's place on the page."""

from dataclasses import dataclass, replace

from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server.relevance import Asked
from lxmert_viz.ui.server.variant import Variant, key_of


@dataclass(frozen=True, slots=True)
class View:
    """What is explained, and where it stands."""

    variant: Variant
    found: Trace
    asked: Asked
    picture: str  # its address
    side: str  # "first" or "second"
    chooses_removal: bool  # in its proof, because no map removes anything

    @property
    def key(self) -> str:
        return f"{key_of(self.variant)} {self.asked}"

    def drawn(self, orders: int) -> "View":
        """After so many orders, which may be fewer than were asked for; 0: none are drawn."""
        return replace(self, asked=replace(self.asked, pairs=orders // 2)) if orders else self

    @property
    def about(self) -> list[str]:
        """Lines of a saved figure's caption."""
        return saving.about(self.found)
