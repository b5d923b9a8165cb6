"""What callers give a network: checked, and said in words where it does not fit."""

from torch import Tensor

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.outputs import Stream

INSTEAD_OF = {
    "vision": "visual_feats, visual_pos and their mask",
    "lang": "input_ids, or vectors, and what belongs to them",
}


def check_fits(
    intervention: Intervention | None,
    config: LxmertConfig,
    words: tuple[Tensor | Stream | None, ...],
    regions: tuple[Tensor | Stream | None, ...],
) -> None:
    """Raises OptionError. words: a stream, vectors or ids; regions: a stream or what makes one."""
    if intervention is not None:
        counts = (_length(next(o for o in side if o is not None)) for side in (words, regions))
        intervention.check(config, *counts)


def _length(given: Tensor | Stream) -> int:
    return (given.state if isinstance(given, Stream) else given).shape[1]


def check_stream(
    stream: Stream | None,
    family: str,
    given: tuple[Tensor | None, ...],
    intervention: Intervention | None,
    collect: bool,
) -> None:
    """given: what the stream stands for. family: "lang" or "vision"."""
    if stream is None:
        return
    if any(tensor is not None for tensor in given):
        raise ValueError(f"give either {family} or {INSTEAD_OF[family]}")
    if intervention is not None and intervention.touches(family):
        raise ValueError(f"the {family} stream was encoded without this intervention")
    if collect and not stream.states:
        raise ValueError(f"the {family} stream was encoded without collect=True")


def check_axes(given: Tensor, name: str, wanted: str, axes: int) -> None:
    if not isinstance(given, Tensor):
        kind = type(given).__name__
        raise ValueError(f"{name} is a {kind}, not a tensor; torch.as_tensor makes one of it")
    if given.dim() != axes:
        hint = f"; add the batch axis: {name}[None]" if given.dim() == axes - 1 else ""
        raise ValueError(f"{name} has the shape {tuple(given.shape)}, not {wanted}{hint}")


def chosen(argument: bool | None, default: bool) -> bool:
    return default if argument is None else argument
