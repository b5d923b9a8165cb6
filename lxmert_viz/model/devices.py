"""Where to compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lxmert_viz.errors import DeviceError, MachineError


def find_device(asked: str) -> torch.device:
    """The device to compute on; "auto" is a GPU where there is one. Raises DeviceError."""
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
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
    return device


@contextmanager
def computing_on(device: str) -> Iterator[None]:
    """Raises MachineError where memory gives out meanwhile, DeviceError where the device does."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise MachineError(
            f"The memory of {device} gave out: end what else uses it, or take another device."
        ) from error
    except torch.AcceleratorError as error:
        raise DeviceError(
            f"{device} failed ({str(error).splitlines()[0]}): start again, or take another device."
        ) from error


def processor_threads(count: int | None = None) -> int:
    """How many the network computes with; with a count, from now on so many."""
    if count is not None:
        torch.set_num_threads(count)
    return torch.get_num_threads()
