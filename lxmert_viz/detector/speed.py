"""The same detector made faster for looking: what does not change from picture to picture is
computed once."""

import torch
from torch import nn

from lxmert_viz.detector.network import FasterRCNN, NormedConv, ROIHeads
from lxmert_viz.detector.winograd import WinogradConv
from lxmert_viz.errors import OptionError

FULL, MIXED = "full", "mixed"
PRECISIONS = (FULL, MIXED)
AMPERE = 8  # the first GPUs that multiply in bfloat16


def check_precision(precision: str, device: torch.device) -> None:
    """Raises OptionError for a device that would take longer with it."""
    if precision == MIXED and not has_bfloat16(device):
        raise OptionError(
            f"This {'GPU' if device.type == 'cuda' else 'processor'} does not compute in bfloat16 "
            "itself, so mixed precision would take longer than full: leave the option out."
        )


def has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).major >= AMPERE
    has = torch.cpu.get_capabilities()
    return any(value for name, value in has.items() if "bf16" in name)


def make_fast(network: FasterRCNN, precision: str = FULL) -> FasterRCNN:
    """The network itself, changed; it cannot be trained afterwards nor saved as published.

    Batch norms become part of the convolutions before them, weights lie channels last where that
    pays, res5 works without holes, and on a processor multiplies less: results stay within 1e-5 of
    their size.
    precision "mixed": backbone and res5, nearly all of the work, compute in bfloat16; proposals
    move by about a pixel, features by 5e-3 of their size (median).
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}, not one of {PRECISIONS}")
    network.eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, NormedConv):
            _fold(module)
    _fill_holes(network.roi_heads)
    on_processor = next(network.parameters()).device.type == "cpu"
    if on_processor or precision == MIXED:  # exact convolutions of a GPU take channels first
        network.to(memory_format=torch.channels_last)
    if precision == MIXED:
        network.backbone.to(torch.bfloat16)
        network.roi_heads.res5.to(torch.bfloat16)
    elif on_processor:  # a GPU's library chooses for itself
        _multiply_less(network.roi_heads)
    return network


def _fold(conv: NormedConv) -> None:
    """In double precision, so that one rounding is all it costs."""
    norm = conv.norm
    if isinstance(norm, nn.Identity):
        return
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = norm.bias.double() - norm.running_mean.double() * scale
    weight = conv.weight.double() * scale[:, None, None, None]
    conv.weight = nn.Parameter(weight.to(conv.weight.dtype), requires_grad=False)
    conv.bias = nn.Parameter(bias.to(conv.weight.dtype), requires_grad=False)
    conv.norm = nn.Identity()


def _fill_holes(heads: ROIHeads) -> None:
    """A filter with holes sees every second cell alone, so each such grid can be a crop of its own.

    Convolutions without holes take 0.7 of the time.
    """
    first = heads.res5[0].conv2
    if isinstance(first, WinogradConv) or heads.resolution % first.dilation[0]:
        return  # done before, or grids of several sizes
    heads.grids *= first.dilation[0]
    for block in heads.res5:
        block.conv2.dilation = block.conv2.padding = (1, 1)


def _multiply_less(heads: ROIHeads) -> None:
    for block in heads.res5:
        if isinstance(block.conv2, NormedConv) and block.conv2.dilation == (1, 1):
            block.conv2 = WinogradConv(block.conv2)
