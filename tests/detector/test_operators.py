"""Our door to torchvision's operators gives what its own door gives."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision.ops

from lxmert_viz.detector import operators
from lxmert_viz.detector.boxes import box_iou
from lxmert_viz.places import ASSETS, ROOT


def boxes(count: int, seed: int) -> torch.Tensor:
    """(count, 4) in a picture of 100 x 100, many of them over others."""
    draw = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=draw) * 70
    return torch.cat([corners, corners + 5 + torch.rand(count, 2, generator=draw) * 25], dim=1)


@pytest.mark.parametrize("seed", range(3))
def test_each_operator_is_torchvisions(seed: int) -> None:
    one, other = boxes(40, seed), boxes(30, seed + 10)
    scores = torch.rand(40, generator=torch.Generator().manual_seed(seed))
    features = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(box_iou(one, other), torchvision.ops.box_iou(one, other))
    theirs = torchvision.ops.nms(one, scores, 0.3)
    assert 0 < len(theirs) < 40
    assert torch.equal(operators.nms(one, scores, 0.3), theirs)
    pooled = operators.roi_pool(features, [one, other], 4, 1 / 8)
    assert torch.equal(pooled, torchvision.ops.roi_pool(features, [one, other], 4, 1 / 8))


@pytest.mark.parametrize("is_there", [True, False])
def test_they_are_there_with_the_library_alone_or_with_the_whole_package(is_there: bool) -> None:
    check = (
        "import sys, torch; from pathlib import Path; from lxmert_viz.detector import operators;"
        "operators.load_operators(Path('nowhere')) if len(sys.argv) > 1 else None;"
        "torch.ops.torchvision.nms; print('torch._dynamo' in sys.modules)"
    )
    more = [] if is_there else ["without"]
    made = subprocess.run(
        [sys.executable, "-c", check, *more], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == str(not is_there)


def test_an_answer_needs_neither_compilers_nor_algebra() -> None:
    picture = Path(ASSETS / "scenes" / "scene-1.png")
    check = (
        "import sys; from lxmert_viz.__main__ import main;"
        f"main(['ask', {str(picture)!r}, 'is there a cube?']);"
        "print(sorted({'torch._dynamo', 'sympy', 'torchvision.models'} & set(sys.modules)))"
    )
    made = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout.splitlines()[-1] == "[]"
