"""The signature that tools read off a network."""

import inspect
from collections.abc import Callable
from typing import TypeVar

Forward = TypeVar("Forward", bound=Callable[..., object])


def documented(forward: Forward) -> Forward:
    """A forward pass whose signature is the documented one; ours are keywords beside it.

    ONNX's TorchScript exporter gives every parameter of a signature by position.
    """
    signature = inspect.signature(forward)
    kept = [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    forward.__signature__ = signature.replace(parameters=kept)
    return forward
