"""Where to compute."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

from lxmert_viz.errors import DeviceError, MemoryShortError

Kind = TypeVar("Kind", bound=nn.Module)


def find_device(asked: str) -> torch.device:
    """The device to compute on; "auto" is the first GPU that this PyTorch has kernels for, else
    the processor. Raises DeviceError."""
    if asked == "auto":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        fit = (index for index in range(count) if _has_kernels(index))
        first = next(fit, None)
        _compute_exactly()
        return torch.device("cpu" if first is None else f"cuda:{first}" if first else "cuda")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise DeviceError(f"There is no device {asked!r}; use auto, cpu or cuda.") from error
    if device.type == "cpu":
        return device
    if device.type != "cuda":
        raise DeviceError(
            f"Devices of the kind {device.type!r} are not used; use auto, cpu or cuda."
        )
    count = torch.cuda.device_count()  # 0 where PyTorch cannot use them
    if (device.index or 0) >= count:
        raise DeviceError(f"{asked} was asked for and PyTorch sees {count} GPUs here: use cpu.")
    if not _has_kernels(device.index or 0):
        major, minor = torch.cuda.get_device_capability(device.index or 0)
        raise DeviceError(
            f"This PyTorch has no kernels for {asked}, a GPU of capability {major}.{minor}: it is "
            f"made for {', '.join(torch.cuda.get_arch_list())}. Install another, or use cpu."
        )
    _compute_exactly()
    return device


def _has_kernels(index: int) -> bool:
    """Code for sm_XY runs on X.Y and later ones of X; code for compute_XY on all from X.Y on."""
    card = torch.cuda.get_device_capability(index)
    for arch in torch.cuda.get_arch_list():
        kind, _, number = arch.partition("_")
        digits = "".join(filter(str.isdigit, number))
        major, minor = int(digits[:-1]), int(digits[-1])
        if (kind == "compute" or major == card[0]) and (major, minor) <= card:
            return True
    return False


def _compute_exactly() -> None:
    """No TensorFloat on GPUs in this process: convolutions would move features by 1e-3.

    torch has two ways to say so and bears no mixture. Its own export reads the older one.
    """
    new = (torch.backends.cudnn.conv, torch.backends.cudnn.rnn, torch.backends.cuda.matmul)
    try:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    except RuntimeError:
        for kind in new:
            kind.fp32_precision = "ieee"


def free_cached() -> None:
    """Gives the memory of what is gone back to the GPU, where one was used."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        gc.collect()  # a network and its inputs know each other
        torch.cuda.empty_cache()


@contextmanager
def computing_on(device: str) -> Iterator[None]:
    """Raises MemoryShortError where memory gives out, DeviceError where the device does."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise MemoryShortError(
            f"The memory of {device} gave out: end what else uses it, or take another device."
        ) from error
    except torch.AcceleratorError as error:
        raise DeviceError(
            f"{device} failed ({str(error).splitlines()[0]}): start again, or take another device."
        ) from error


def on_processor(network: Kind) -> Kind:
    """A copy beside what a GPU holds, which has no room for another one."""
    held = {id(p): nn.Parameter(p.detach().cpu(), p.requires_grad) for p in network.parameters()}
    held |= {id(b): b.detach().cpu() for b in network.buffers()}
    return deepcopy(network, held)


def processor_threads(count: int | None = None) -> int:
    """How many the network computes with; with a count, from now on so many."""
    if count is not None:
        torch.set_num_threads(count)
    return torch.get_num_threads()
