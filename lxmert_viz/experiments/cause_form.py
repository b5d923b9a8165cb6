"""What the file of an experiment may say: types, choices and ranges, whoever wrote it."""

from collections.abc import Mapping
from typing import Any

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import atlas, flow_attribution, patching
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.target import Target
from lxmert_viz.forms import check_words, fits
from lxmert_viz.kept_form import ARRAYS
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions

Json = dict[str, Any]
Places = tuple[int, ...] | None
Heads = tuple[tuple[str, int, int], ...]
Node = tuple[str, int, int]  # stream, depth, place
Pins = tuple[tuple[str, int, int, str], ...]  # a node and its label
FORMS: dict[str, dict[str, Any]] = {  # of options; what is left out has its usual value
    "surgery": {"heads": Heads, "off": str, "means": Json | None},
    "atlas": {"off": str, "means": Json | None},
    "edges": {"edges": tuple[Json, ...], "width": int},
    "patching": {"grid": str, "stream": str, "direction": str},
    "steering": {"heads": Heads},
    "counterfactuals": {},
    "flow": {"root": Node, "nodes": float, "edges": float, "by": str, "pins": Pins},
    "edge": {"source": Node, "reader": Node},
}
EDGE = {"name": str, "family": str, "queries": Places, "keys": Places}
NEEDED = {
    "surgery": ("heads",),
    "steering": ("heads",),
    "edges": ("edges",),
    "flow": ("root",),
    "edge": ("source", "reader"),
}
CHOICES = {
    "off": tuple(atlas.OFF),
    "grid": tuple(patching.GRIDS),
    "stream": patching.STREAMS,
    "direction": (patching.DENOISE, patching.NOISE),
    "by": flow_attribution.BY,
}


def check_options(kind: str, options: object) -> None:
    """Raises OptionError. options: as JSON has them, lists or tuples."""
    if not isinstance(options, Mapping):
        raise OptionError(f"The options of {kind} are {options!r:.40}, not names with values.")
    for needed in NEEDED.get(kind, ()):
        if not options.get(needed):
            raise OptionError(f"{kind} needs to know which {needed}; `options` has none.")
    _check(kind, options, FORMS[kind])
    for name in CHOICES.keys() & options.keys() & FORMS[kind].keys():
        if options[name] not in CHOICES[name]:
            offered = ", ".join(CHOICES[name])
            raise OptionError(f"{name} of {kind} is {options[name]!r}, not one of {offered}.")
    for name in {"root", "source", "reader"} & options.keys():
        if options[name][0] not in patching.STREAMS:
            raise OptionError(f"{name} of {kind} is in no stream, {', '.join(patching.STREAMS)}.")
    if kind == "flow":
        for name in ("nodes", "edges"):
            if not 0 < options.get(name, 1.0) <= 1:
                raise OptionError(f"{name} of flow is {options[name]}, not a share above 0.")
    if kind == "edges":
        for edge in options["edges"]:
            _check_edge(edge)


def check_target(pipeline: Pipeline, target: Target, words: int, regions: int) -> None:
    """Raises OptionError for what this checkpoint's heads, or this example, do not have."""
    targets.check_head(pipeline, target.kind)
    labels = targets.labels_of(pipeline, target.kind)
    for label in (target.label, 0 if target.against is None else target.against):
        if not 0 <= label < labels:
            raise OptionError(f"There is no label {label} of {target.kind}: there are {labels:,}.")
    places = {"lang": words, "vision": regions}[target.stream]
    if target.kind not in targets.POOLED and not 0 <= target.place < places:
        raise OptionError(f"There is no place {target.place + 1} of {target.kind}: {places} are.")


def checked_target(told: Mapping[str, Any]) -> Target:
    """Raises ValueError or TypeError."""
    target = Target(**told)
    check_words(target)
    if target.kind not in targets.HEADS:
        raise ValueError(f"{target.kind!r} is no kind of target")
    return target


def checked_regions(found: Regions) -> Regions:
    """Raises ValueError for what is not of the types that regions have."""
    check_words(found)
    for name, (kind, _) in ARRAYS.items():
        own = name.removeprefix("regions.")
        if own != name and getattr(found, own).dtype != kind:
            raise ValueError(f"{name} are numbers of the type {getattr(found, own).dtype}")
    return found.checked()


def _check_edge(edge: Json) -> None:
    if "name" not in edge or edge.get("family") not in FAMILIES:
        raise OptionError(f"An edge has a name and a family, of {', '.join(FAMILIES)}.")
    _check("edges", edge, EDGE)


def _check(kind: str, told: Mapping[str, Any], forms: Mapping[str, Any]) -> None:
    for name, form in forms.items():
        if name in told and not fits(_as_tuples(told[name]), form):
            raise OptionError(f"{name} of {kind} is {told[name]!r:.60}, not {form}.")


def _as_tuples(value: object) -> object:
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value
