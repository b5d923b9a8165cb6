"""Tensors that say they lie on a GPU and compute on the processor, with values.

They refuse what CUDA refuses (tensors of two devices, numpy) and count launches and waits, so that
whole pipelines run. What they cannot show: kernels, precision, races, memory and speed. They rest
on private parts of torch.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

GPU, CPU = torch.device("cuda:0"), torch.device("cpu")
VIEWS = {"view", "_unsafe_view", "transpose", "permute", "t", "expand", "slice", "select"}
VIEWS |= {"unsqueeze", "squeeze", "detach", "alias", "unbind", "split", "as_strided", "unfold"}
VIEWS |= {"dropout"}  # does nothing outside of training
READ_ON_HOST = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "_unique2", "nms"}
BY_INDEX = {"index", "index_put", "index_put_", "_index_put_impl_"}
FACTORIES = {torch.zeros, torch.ones, torch.empty, torch.full, torch.arange, torch.tensor}
CASTS = {
    torch.Tensor.float: torch.float32,
    torch.Tensor.double: torch.float64,
    torch.Tensor.long: torch.int64,
}
Kwargs = dict[str, Any]


class Counts:
    """What the host did with the GPU."""

    def __init__(self) -> None:
        self.launches: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()


class OnGpu(torch.Tensor):
    """Says "cuda:0"; its values lie in `inner`."""

    counts = Counts()
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls: type["OnGpu"], inner: torch.Tensor) -> "OnGpu":
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), dtype=inner.dtype, device=GPU
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(
        cls, func: Callable[..., Any], types: Any, args: tuple = (), kwargs: Kwargs | None = None
    ) -> Any:
        return _computed(func, args, kwargs or {})


def _to_gpu(device: Any) -> bool:
    return device is not None and torch.device(device).type == "cuda"


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, OnGpu) else value


def _computed(func: Callable[..., Any], args: tuple, kwargs: Kwargs) -> Any:
    name = func._schema.name.split("::")[1]
    if name == "_to_copy":
        return _moved(func, args[0], kwargs)
    if name == "copy_":
        if isinstance(args[0], OnGpu) != isinstance(args[1], OnGpu):
            OnGpu.counts.waits["copy_"] += 1
        _inner(args[0]).copy_(_inner(args[1]))
        return args[0]
    tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, torch.Tensor)]
    ours = [t for t in tensors if isinstance(t, OnGpu)]
    if ours:
        _check_devices(name, args, tensors)
        if name in READ_ON_HOST:
            OnGpu.counts.waits[name] += 1
    if name not in VIEWS:
        OnGpu.counts.launches[name] += 1
    plain = dict(kwargs) | ({"device": CPU} if "device" in kwargs else {})
    inside, named = tree_map(_inner, (args, plain))
    found = func(*inside, **named)
    if name.endswith("_") and not name.startswith("_"):
        return args[0]
    return tree_map(lambda v: OnGpu(v) if isinstance(v, torch.Tensor) else v, found)


def _moved(func: Callable[..., Any], tensor: torch.Tensor, kwargs: Kwargs) -> torch.Tensor:
    there, target = isinstance(tensor, OnGpu), kwargs.get("device")
    stays = _to_gpu(target) if target is not None else there
    if stays != there:
        OnGpu.counts.waits["to the host" if there else "to the GPU"] += 1
    else:
        OnGpu.counts.launches["_to_copy"] += 1
    rest = {k: v for k, v in kwargs.items() if k not in ("device", "non_blocking")}
    made = func(_inner(tensor), **rest)
    return OnGpu(made) if stays else made


def _check_devices(name: str, args: tuple, tensors: list[torch.Tensor]) -> None:
    """As CUDA does: a number of the host may go along, and so may indices, which are copied."""
    foreign = [t for t in tensors if not isinstance(t, OnGpu) and t.dim() > 0]
    if foreign and name in BY_INDEX and all(any(t is i for i in args[1]) for t in foreign):
        OnGpu.counts.waits["indices to the GPU"] += 1
    elif foreign:
        raise RuntimeError(f"{name}: Expected all tensors to be on the same device")
    if name in BY_INDEX and any(i is not None and i.dtype == torch.bool for i in args[1]):
        OnGpu.counts.waits["how many a mask chooses"] += 1


class _Dispatch(TorchDispatchMode):
    """For what no tensor of a GPU takes part in: factories, and copies to it."""

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple = (), kwargs: Kwargs | None = None
    ) -> Any:
        kwargs = kwargs or {}
        flat = tree_flatten((args, kwargs))[0]
        ours = any(isinstance(t, OnGpu) for t in flat)
        return (_computed if ours or _to_gpu(kwargs.get("device")) else _plain)(func, args, kwargs)


def _plain(func: Callable[..., Any], args: tuple, kwargs: Kwargs) -> Any:
    return func(*args, **kwargs)


class _Asleep(TorchFunctionMode):
    """Takes what would wake CUDA, which is not here."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple = (), kwargs: Kwargs | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.to:
            return _to(args[0], args[1:], kwargs)
        if func in FACTORIES and _to_gpu(kwargs.get("device")):
            kwargs.pop("device")
            OnGpu.counts.launches[func.__name__] += 1
            if func is torch.tensor:
                OnGpu.counts.waits["to the GPU"] += 1
            return OnGpu(func(*args, **kwargs))
        if args and isinstance(args[0], OnGpu):
            return _of_gpu(func, args, kwargs)
        return func(*args, **kwargs)


def _to(tensor: torch.Tensor, places: tuple, kwargs: Kwargs) -> torch.Tensor:
    wanted = {k: v for k, v in kwargs.items() if k in ("device", "dtype", "memory_format")}
    for place in places:
        if isinstance(place, torch.Tensor):
            wanted |= {"device": place.device, "dtype": place.dtype}
        elif isinstance(place, torch.dtype):
            wanted["dtype"] = place
        elif isinstance(place, str | torch.device):
            wanted["device"] = place
    device = torch.device(wanted.pop("device", None) or tensor.device)
    kind = wanted.pop("dtype", None) or tensor.dtype
    if device.type == tensor.device.type and kind == tensor.dtype and not any(wanted.values()):
        return tensor
    if kind != tensor.dtype:
        wanted["dtype"] = kind
    if device.type != tensor.device.type:
        wanted["device"] = device
    return torch.ops.aten._to_copy(tensor.detach(), **wanted)


def _of_gpu(func: Callable[..., Any], args: tuple, kwargs: Kwargs) -> Any:
    tensor = args[0]
    if func is torch.Tensor.cpu:
        return _to(tensor, ("cpu",), {})
    if func in CASTS:
        return _to(tensor, (CASTS[func],), {})
    if func in (torch.Tensor.numpy, torch.Tensor.__array__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy; use Tensor.cpu() first")
    if func is torch.Tensor.tolist:
        OnGpu.counts.waits["tolist"] += 1
        return tensor.inner.tolist()
    if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__):
        args = (tensor, _placed(args[1]), *args[2:])
    return func(*args, **kwargs)


def _placed(index: Any) -> Any:
    """Lists of places are tensors of the GPU, once copied."""
    parts = index if isinstance(index, tuple) else (index,)
    if not any(isinstance(part, list) for part in parts):
        return index
    OnGpu.counts.waits["indices to the GPU"] += 1
    return tuple(OnGpu(torch.tensor(p)) if isinstance(p, list) else p for p in parts)


@contextmanager
def pretended_gpu() -> Iterator[None]:
    torch._C._ensureCUDADeviceGuardSet()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with _Dispatch(), _Asleep():
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)


def counted(work: Callable[[], Any]) -> tuple[Any, Counts]:
    """What the work gives, and what it cost the host."""
    OnGpu.counts = Counts()
    return work(), OnGpu.counts
