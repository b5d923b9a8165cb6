"""Muon: momentum whose every matrix is made orthogonal before it is taken as a step.

Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks". A small
LXMERT learns with it from a third of the examples that AdamW needs. `torch.optim.Muon` multiplies
in bfloat16, which most processors do twenty times as slowly as float32, and one matrix at a time.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# One iteration each: odd polynomials that draw singular values of 0.01 to 1 towards 1.
COEFFICIENTS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
)
LIKE_ADAM = 0.2  # root mean square of a step's entries at a rate of 1, about that of Adam's


class Muon(torch.optim.Optimizer):
    """For matrices between hidden states; embeddings, heads and vectors want another optimizer."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        groups: dict[torch.Size, list[nn.Parameter]] = {}
        for parameter in parameters:
            groups.setdefault(parameter.shape, []).append(parameter)  # of one shape: one product
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__([{"params": group} for group in groups.values()], settings)

    @torch.no_grad()
    def step(self) -> None:
        """One step along the gradients, which all matrices must have."""
        for group in self.param_groups:
            matrices = group["params"]
            gradients = torch.stack([matrix.grad for matrix in matrices])  # (N, rows, columns)
            state = self.state[matrices[0]]
            mean = state.setdefault("mean", torch.zeros_like(gradients))
            mean.lerp_(gradients, 1 - group["momentum"])
            ahead = gradients.lerp(mean, group["momentum"])  # Nesterov's look ahead
            size = LIKE_ADAM * max(ahead.shape[-2:]) ** 0.5
            for matrix, step in zip(matrices, orthogonal(ahead), strict=True):
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.sub_(step, alpha=group["lr"] * size)


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices (N, rows, columns) with singular values of about 1, by Newton-Schulz."""
    if matrices.shape[-2] > matrices.shape[-1]:
        return orthogonal(matrices.mT).mT
    nearest = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for first, third, fifth in COEFFICIENTS:
        gram = nearest @ nearest.mT
        nearest = first * nearest + (third * gram + fifth * gram @ gram) @ nearest
    return nearest
