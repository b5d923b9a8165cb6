"""One step of training after the other, and what is kept of an unfinished one.

The miniature and checkpoints that are tuned learn by it.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lxmert_viz.whole_files import written_whole

WARM_UP = 0.03
Part = dict[str, Tensor]  # of a batch; the first axis of each is that of its examples
Learnt = tuple[Tensor, dict[str, float]]  # the loss, and values for the log


def learn(
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    parts: Sequence[Part],
    loss_of: Callable[[Part], Learnt],
    hear: Callable[[dict[str, float]], None],
    threads: Executor,
    device: str,
) -> None:
    """One step on one batch; its parts are worked on side by side."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    side_by_side = threads.map if device == "cpu" else map  # a GPU takes one after the other
    sizes = [len(next(iter(part.values()))) for part in parts]

    def gradients(part: Part, size: int) -> Sequence[Tensor]:
        part = {name: array.to(device) for name, array in part.items()}
        # few processors multiply bfloat16 faster than float32; some take 20 times as long
        with torch.autocast("cuda", torch.bfloat16, enabled=device.startswith("cuda")):
            loss, values = loss_of(part)
        hear(values)
        share = size / sum(sizes)
        return torch.autograd.grad(share * loss, parameters, materialize_grads=True)

    for parameter, *halves in zip(parameters, *side_by_side(gradients, parts, sizes), strict=True):
        parameter.grad = sum(halves)
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    list(side_by_side(lambda optimizer: optimizer.step(), optimizers))


def rate(step: int, steps: int) -> float:
    """Share of the peak learning rate: linear warm-up, then a half cosine to nothing."""
    if step < WARM_UP * steps:
        return (step + 1) / (WARM_UP * steps)
    return 0.5 + 0.5 * math.cos(math.pi * step / steps)


def save(
    checkpoint: Path,
    progress: dict[str, Any],
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
) -> None:
    """progress: how far it is; numbers, texts, lists of them."""
    state = progress | {
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
    }
    with written_whole(checkpoint) as unfinished:
        torch.save(state, unfinished)


def resume(
    checkpoint: Path, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> dict[str, Any] | None:
    """Puts weights and moments back, and gives the progress; None where nothing was saved."""
    if not checkpoint.exists():
        return None
    state = torch.load(checkpoint, "cpu", weights_only=True)
    model.load_state_dict(state.pop("model"))
    for optimizer, moments in zip(optimizers, state.pop("optimizers"), strict=True):
        optimizer.load_state_dict(moments)
    return state
