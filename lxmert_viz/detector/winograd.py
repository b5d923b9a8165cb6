"""3x3 convolutions of many small crops with a third of the multiplications.

The 4 x 4 outputs of a tile depend on its 6 x 6 inputs. After a change of basis, the same for all
channels, a filter multiplies each of these 36 once; another change gives the outputs.
Source: Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks", F(4x4, 3x3).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OUT, IN = 4, 6  # a side of a tile
# along one side, for a polynomial's values at 0, 1, -1, 2, -2 and its highest coefficient
FILTER_CHANGE = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
INPUT_CHANGE = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
OUTPUT_CHANGE = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)


class WinogradConv(nn.Module):
    """What `conv` gives, to 1e-5 of its size; it cannot be trained.

    conv: 3x3 with padding 1 and a bias, without stride, holes and groups.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        change = torch.tensor(FILTER_CHANGE, dtype=torch.float64)
        filters = torch.einsum("yi,xj,ocij->yxco", change, change, conv.weight.double())
        self.register_buffer("filters", filters.flatten(0, 1).to(conv.weight.dtype))  # (36, C, O)
        self.register_buffer("bias", conv.bias.detach())
        self.register_buffer("into", _on_both_sides(INPUT_CHANGE))  # (36, 36)
        self.register_buffer("out_of", _on_both_sides(OUTPUT_CHANGE))  # (16, 36)

    def forward(self, x: Tensor) -> Tensor:
        """(B, O, h, w) of (B, C, h, w), whose channels should lie last in memory."""
        height, width = x.shape[2:]
        rows, columns = -(-height // OUT), -(-width // OUT)
        below, right = 1 + rows * OUT - height, 1 + columns * OUT - width
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, right, 1, below))
        tiles = padded.unfold(1, IN, OUT).unfold(2, IN, OUT)  # (B, rows, columns, C, 6, 6)
        inputs = self.into @ tiles.permute(4, 5, 0, 1, 2, 3).reshape(IN * IN, -1)
        products = torch.bmm(inputs.view(IN * IN, -1, x.shape[1]), self.filters)
        outputs = self.out_of @ products.flatten(1)
        whole = outputs.view(OUT, OUT, len(x), rows, columns, -1).permute(2, 3, 0, 4, 1, 5)
        cut = whole.flatten(3, 4).flatten(1, 2)[:, :height, :width]
        return (cut + self.bias).contiguous().permute(0, 3, 1, 2)


def _on_both_sides(change: tuple[tuple[float, ...], ...]) -> Tensor:
    side = torch.tensor(change, dtype=torch.float32)
    return torch.kron(side, side)
