"""Where to compute."""

import torch

from lxmert_viz.errors import DeviceError


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
