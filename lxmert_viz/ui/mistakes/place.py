"""Where a person is on the board: run, filter, order, page, view, row. It lives in the address."""

from lxmert_viz.results.row_filter import with_term
from lxmert_viz.ui.frame import address

TABLE = "Table"
DOWN, UP = "largest first", "smallest first"
FIRST = {"where": "", "sort": "", "order": DOWN, "page": "1", "view": TABLE, "row": ""}


def get(key: str) -> str:
    return address.board().get(key) or FIRST.get(key, "")


def put(**values: str) -> None:
    """What is as at first is left out of the address."""
    held = address.board() | values
    told = {key: value for key, value in held.items() if value and value != FIRST.get(key)}
    address.keep_board(told)


def page_number() -> int:
    return address.number(get("page")) or 1


def filter_by(text: str) -> None:
    """Another filter begins at its first page."""
    put(where=text, page="1", row="")


def show_only(column: str, value: object) -> None:
    """One more term, and the rows that it leaves."""
    filter_by(with_term(get("where"), column, value))
    put(view=TABLE)
