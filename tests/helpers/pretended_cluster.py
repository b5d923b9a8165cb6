"""A cluster of pretence: rounds of work in this process, without Ray."""

from collections.abc import Callable, Iterator, Sequence

from lxmert_viz.runs.cluster.actors import Outcome, making
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.notes import Notes
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.work import Work
from lxmert_viz.stores import Store

Behave = Callable[[str, Piece, bool], Outcome | None]  # node, piece, last -> what is said


def as_they_are_asked(*_: object) -> None:
    """No picture is looked at before."""


class Machines:
    """Each piece goes to the next machine that is not away."""

    def __init__(self, nodes: Sequence[str]) -> None:
        self.nodes = {node: f"host-{node}" for node in nodes}
        self.rounds: list[tuple[list[str], bool]] = []  # names of pieces, and whether it is last
        self.behave: Behave = lambda node, piece, last: None

    def there(self, cluster: Cluster, device: str) -> dict[str, str]:
        return dict(self.nodes)

    def one_round(
        self,
        cluster: Cluster,
        work: Work,
        pieces: Sequence[Piece],
        away: Sequence[str],
        last: bool,
        store: Store | None,
    ) -> Iterator[Outcome]:
        self.rounds.append(([piece.name for piece in pieces], last))
        self._make = making(work, store, last=last)
        notes = Notes(store or Store.of(work.folder))
        able = [node for node in self.nodes if node not in away]
        for number, piece in enumerate(pieces):
            node = able[number % len(able)]
            outcome = self.behave(node, piece, last)
            if outcome is None:
                notes.write(piece.name, self.nodes.get(node, "gone"))
            else:
                yield outcome

    def done(self, node: str, piece: Piece) -> Outcome:
        counts, made = self._make(piece)
        return Outcome(piece, f"host-{node}", node, 1, counts=counts, made=made)

    def said(self, node: str, piece: Piece, **why: object) -> Outcome:
        return Outcome(piece, f"host-{node}", node, 1, **why)
