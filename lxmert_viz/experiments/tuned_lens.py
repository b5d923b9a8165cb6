"""A tuned lens: an affine map for each layer, trained so that its head says what the last one says.

A plain lens reads early states in the last layer's basis; the maps take the change of basis out,
and what is left is what the layer does not know yet. The last layer stays as it is.
Source: Belrose et al. 2023; distillation loss KL(last || layer), the network frozen.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor
from torch.nn.functional import kl_div, logsigmoid

from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments.lenses import Lens
from lxmert_viz.records import Report
from lxmert_viz.whole_files import DAMAGE, written_whole

STEPS = 120
BATCH = 256
MOST_STATES = 3000  # of a dataset; more change little
RATE = 1e-3
RIDGE = 1e-2  # times the mean variance, in the start's least squares


@dataclass(frozen=True, slots=True)
class TunedLens:
    """Maps h -> h + h W + b of P depths, and how well they do on states that they never saw.

    Errors and biases are in nats. Error: mean KL(last || layer). Bias: KL of the mean
    distributions, how wrong the layer is about labels on the average. Labels of a sigmoid head
    have a distribution each, whose KL are summed.
    """

    weights: np.ndarray  # (P, D, D)
    shifts: np.ndarray  # (P, D)
    errors_before: np.ndarray  # (P,) of the plain lens
    errors: np.ndarray  # (P,)
    biases_before: np.ndarray  # (P,)
    biases: np.ndarray  # (P,)

    def translated(self, states: np.ndarray) -> np.ndarray:
        """(P, N, D) of states (P, N, D): ready for the plain lens. The last depth is untouched.

        Raises ValueError for states of other depths.
        """
        if len(states) != len(self.weights):
            raise ValueError(f"maps of {len(self.weights)} depths, states of {len(states)}")
        moved = states + states @ self.weights + self.shifts[:, None]
        return np.concatenate([moved[:-1], states[-1:]]).astype(np.float32)


def tune(
    chosen: Lens,
    states: np.ndarray,
    held_out: np.ndarray,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> TunedLens:
    """states: (P, n, D), first depth first; of [CLS] where the head is pooled.

    held_out: (n,) bool, the rows that errors and biases are measured on. Raises ValueError for a
    lens without probabilities, or where one part has no row.
    """
    if chosen.kind not in ("softmax", "sigmoid"):
        raise ValueError(f"a lens of kind {chosen.kind!r} has no distribution to be tuned to")
    if held_out.all() or not held_out.any():
        raise ValueError("a tuned lens needs rows to train on and rows to be measured on")
    layers = torch.from_numpy(states).to(chosen.like)
    seen, unseen = torch.from_numpy(~held_out), torch.from_numpy(held_out)
    with torch.no_grad():
        final = _log_shares(chosen, layers[-1])
    maps, before, after = [], [], []
    for depth, layer in enumerate(layers[:-1]):
        report(f"tuning layer {depth + 1} of {len(layers) - 1}", depth / len(layers))
        weight, shift = _trained(chosen, layer[seen], layers[-1][seen], final[seen], seed)
        maps.append((weight, shift))
        with torch.no_grad():
            moved = layer[unseen] + layer[unseen] @ weight + shift
            before.append(_measured(final[unseen], _log_shares(chosen, layer[unseen])))
            after.append(_measured(final[unseen], _log_shares(chosen, moved)))
    size = layers.shape[-1]
    maps.append((torch.zeros(size, size), torch.zeros(size)))
    weights, shifts = (torch.stack([m[i].cpu() for m in maps]).numpy() for i in range(2))
    ends = [np.array([*column, (0.0, 0.0)]).T for column in (before, after)]
    return TunedLens(weights, shifts, ends[0][0], ends[1][0], ends[0][1], ends[1][1])


def _trained(
    chosen: Lens, layer: Tensor, last: Tensor, final: Tensor, seed: int
) -> tuple[Tensor, Tensor]:
    """layer, last: (n, D); final: as from _log_shares."""
    weight, shift = (part.requires_grad_() for part in _nearest_map(layer, last))
    optimizer = torch.optim.Adam([weight, shift], RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    random = torch.Generator().manual_seed(seed)
    with torch.enable_grad():
        for _ in range(STEPS):
            rows = torch.randint(len(layer), (min(BATCH, len(layer)),), generator=random)
            moved = layer[rows] + layer[rows] @ weight + shift
            found = _log_shares(chosen, moved)
            loss = kl_div(found, final[rows], reduction="batchmean", log_target=True)
            weight.grad, shift.grad = torch.autograd.grad(loss, (weight, shift))
            optimizer.step()
            schedule.step()
    return weight.detach(), shift.detach()


def _nearest_map(layer: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """W (D, D) and b (D,) with h + h W + b as near to the last states as least squares can."""
    start, end = layer.mean(0), last.mean(0)
    centred = layer - start
    spread = centred.T @ centred
    ridge = RIDGE * spread.diagonal().mean() * torch.eye(len(spread), device=layer.device)
    weight = torch.linalg.solve(spread + ridge, centred.T @ (last - end))
    shift = end - start @ weight
    return weight - torch.eye(len(weight), device=layer.device), shift


def _log_shares(chosen: Lens, states: Tensor) -> Tensor:
    """Log probabilities (n, V), or (n, V, 2) where each label is true or not by itself."""
    logits = chosen.many(states)
    if chosen.kind == "softmax":
        return logits.log_softmax(-1)
    return torch.stack([logsigmoid(logits), logsigmoid(-logits)], -1)


def _measured(final: Tensor, found: Tensor) -> tuple[float, float]:
    """Mean KL of rows, and KL of the mean distributions; both as from _log_shares."""
    error = kl_div(found, final, reduction="batchmean", log_target=True)
    means = [part.exp().mean(0).clamp(min=1e-12) for part in (final, found)]
    bias = (means[0] * (means[0] / means[1]).log()).sum()
    return float(error), float(bias)


def kept(
    chosen: Lens,
    folder: Path,
    about: Mapping[str, str],
    sample: Callable[[], tuple[np.ndarray, np.ndarray]],
    report: Report = lambda stage, share: None,
) -> TunedLens:
    """The maps that lie in a folder, or new ones that then lie there.

    sample: states and held_out of `tune`. about: as in `save`. Raises CheckpointError as `load`.
    """
    path, about = folder / f"{chosen.name}.safetensors", {"lens": chosen.name, **about}
    if path.is_file():
        return load(path, about)
    states, held_out = sample()
    found = tune(chosen, states, held_out, report=report)
    save(found, path, about)
    return found


def save(tuned: TunedLens, path: Path, about: Mapping[str, str]) -> None:
    """about: what the maps are good for alone; `load` asks for the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as unfinished:
        save_file(asdict(tuned), unfinished, metadata={"tuned lens": json.dumps(dict(about))})


def load(path: Path, about: Mapping[str, str]) -> TunedLens:
    """Raises CheckpointError for another file, and for maps of another head, model or dataset."""
    try:
        with safe_open(path, "np") as file:
            told = json.loads((file.metadata() or {})["tuned lens"])
            arrays = {field.name: file.get_tensor(field.name) for field in fields(TunedLens)}
        told = dict(told)
    except (*DAMAGE, SafetensorError) as error:
        raise CheckpointError(f"{path} is no tuned lens; delete it, and train it again.") from error
    for name, wanted in about.items():
        if told.get(name) != wanted:
            raise CheckpointError(
                f"{path} was trained for the {name} {told.get(name)!r}, not {wanted!r}; "
                "delete it, and train it again."
            )
    return TunedLens(**arrays)
