"""What callers give a network: checked, and said in words where it does not fit."""

from torch import Tensor

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.outputs import Stream


def check_fits(
    intervention: Intervention | None,
    config: LxmertConfig,
    words: tuple[Tensor | None, Tensor | None],
    regions: tuple[Tensor | None, Stream | None],
) -> None:
    """Raises OptionError. words: ids or vectors; regions: features or a stream."""
    if intervention is not None:
        text = words[0] if words[1] is None else words[1]
        seen = regions[0] if regions[1] is None else regions[1].state
        intervention.check(config, text.shape[1], seen.shape[1])


def check_stream(
    vision: Stream,
    given: tuple[Tensor | None, ...],
    intervention: Intervention | None,
    collect: bool,
) -> None:
    if any(tensor is not None for tensor in given):
        raise ValueError("give either vision or visual_feats, visual_pos and their mask")
    if intervention is not None and intervention.touches("vision"):
        raise ValueError("the vision stream was encoded without this intervention")
    if collect and not vision.states:
        raise ValueError("the vision stream was encoded without collect=True")


def check_axes(given: Tensor, name: str, wanted: str, axes: int) -> None:
    if not isinstance(given, Tensor):
        kind = type(given).__name__
        raise ValueError(f"{name} is a {kind}, not a tensor; torch.as_tensor makes one of it")
    if given.dim() != axes:
        hint = f"; add the batch axis: {name}[None]" if given.dim() == axes - 1 else ""
        raise ValueError(f"{name} has the shape {tuple(given.shape)}, not {wanted}{hint}")


def chosen(argument: bool | None, default: bool) -> bool:
    return default if argument is None else argument
