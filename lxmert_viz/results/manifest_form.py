"""What a run's manifest must hold, whoever wrote it; earlier versions left some of it out."""

from collections.abc import Iterator
from typing import Any

from lxmert_viz.dataset.remarks import KINDS
from lxmert_viz.forms import fits

Json = dict[str, Any]
Words = dict[str, str]
FORM = {  # place: type
    "format": int,
    "begun": str,
    "ids": str,
    "answer_kind": str,
    "python": str,
    "provenance": Words,
    "mixed": list[Words],
    "source": Json,
    "model": Json,
    "model.name": str,
    "model.sha256": str,
    "model.heads": int,
    "settings": Json,
    "settings.profile": str,
    "data": Json,
    "data.name": str,
    "data.layout": str,
    "data.sha256": str,
    "data.training_note": str,
    "data.region_file": Json | None,
    "data.files": Words,
    "remarks": dict[str, list[Any]],
}
OF_A_WHOLE_RUN = ("begun", "model.name", "model.sha256", "data.name", "data.layout", "data.sha256")


def fault(manifest: Any, needed: tuple[str, ...] = ()) -> str:
    """What is wrong with it; "" where nothing is. needed: places that must be there."""
    if not isinstance(manifest, dict):
        return "it is no object of names and values"
    told = dict(_told(manifest))
    for place, form in FORM.items():
        if place in told and not fits(told[place], form):
            return f"{place} is not {form}"
    for kind, said in manifest.get("remarks", {}).items():
        if kind not in KINDS or len(said) != 2 or not _is_first(said):
            return f"remarks.{kind} is not a count and the first remark"
    missing = [place for place in needed if place not in told]
    return f"it has no {', '.join(missing)}" if missing else ""


def _told(manifest: Json) -> Iterator[tuple[str, Any]]:
    """Places, as FORM writes them, with their values."""
    for name, value in manifest.items():
        yield name, value
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", content) for inner, content in value.items())


def _is_first(said: list[Any]) -> bool:
    count, first = said
    is_list = isinstance(first, list)
    return fits(count, int) and is_list and fits(tuple(first), tuple[str, str, int, str])
