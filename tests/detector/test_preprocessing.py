import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lxmert_viz.config import RegionProfile
from lxmert_viz.detector.preprocessing import preprocess

MEAN = (1.0, 2.0, 3.0)
TRAINED = RegionProfile(600, 1000, "per_class")
DEMO = RegionProfile(800, 1333, "agnostic")


def picture(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(height * width)
    return random.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_channels_come_out_blue_first_without_their_mean() -> None:
    red = np.zeros((60, 80, 3), np.uint8)
    red[..., 0] = 200
    pixels = preprocess(red, RegionProfile(60, 80, "agnostic"), MEAN).pixels
    assert pixels.shape == (1, 3, 60, 80)
    assert pixels[0, :, 10, 10].tolist() == [-1, -2, 197]


@pytest.mark.parametrize(
    ("profile", "height", "width", "size"),
    [
        (DEMO, 480, 640, (800, 1067)),
        (DEMO, 640, 480, (1067, 800)),
        (DEMO, 300, 3000, (133, 1333)),
        (TRAINED, 480, 640, (600, 800)),
        (TRAINED, 375, 500, (600, 800)),
        (TRAINED, 427, 640, (600, 899)),
        (TRAINED, 20, 3000, (7, 1000)),
    ],
)
def test_short_side_meets_the_profile_unless_the_long_side_would_exceed_it(
    profile: RegionProfile, height: int, width: int, size: tuple[int, int]
) -> None:
    assert preprocess(picture(height, width), profile, MEAN).size == size


def test_the_demo_profile_resizes_as_torch_does() -> None:
    rgb = picture(151, 203)
    floats = torch.tensor(rgb).float().permute(2, 0, 1)[None]
    expected = F.interpolate(floats, size=(320, 430), mode="bilinear", align_corners=False)
    pixels = preprocess(rgb, RegionProfile(320, 533, "agnostic"), (0, 0, 0)).pixels
    assert torch.allclose(pixels, expected.flip(1), atol=1e-3)


def test_the_trained_profile_samples_at_the_true_factor() -> None:
    """On a ramp whose value is its x, the value is where a pixel was taken from."""
    ramp = np.zeros((100, 203, 3), np.uint8)
    ramp[:] = np.arange(203)[None, :, None]
    pixels = preprocess(ramp, RegionProfile(150, 1000, "per_class"), (0, 0, 0)).pixels
    assert pixels.shape[-1] == 304  # 304.5, to even
    x = torch.arange(1, 303)
    assert torch.allclose(pixels[0, 0, 0, 1:303], (x + 0.5) / 1.5 - 0.5, atol=1e-3)


@pytest.mark.parametrize("profile", [TRAINED, DEMO])
def test_boxes_come_back_from_resized_pixels(profile: RegionProfile) -> None:
    scaled = preprocess(picture(427, 640), profile, MEAN)
    unit = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.25, 0.5, 0.75, 0.625]])
    boxes_px = scaled.px_from_unit(unit)
    assert torch.allclose(scaled.unit_from_px(boxes_px), unit, atol=1e-6)
    height, width = scaled.size
    assert torch.allclose(boxes_px[0], torch.tensor([0.0, 0, width, height]), atol=0.6)


def test_what_lies_outside_of_the_picture_is_cut_off() -> None:
    scaled = preprocess(picture(60, 80), DEMO, MEAN)
    beyond = torch.tensor([[-9.0, -9.0, 5000.0, 5000.0]])
    assert scaled.unit_from_px(beyond).tolist() == [[0, 0, 1, 1]]


def test_floats_and_grey_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match=r"float64 \(5, 5, 3\)"):
        preprocess(np.zeros((5, 5, 3)), DEMO, MEAN)
    with pytest.raises(ValueError, match=r"uint8 \(5, 5\)"):
        preprocess(np.zeros((5, 5), np.uint8), DEMO, MEAN)
