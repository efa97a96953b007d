"""In bfloat16 a kernel learns what it learns in single precision, whatever the sides of its images."""

from pathlib import Path

import pytest
import torch

from brainlab.networks.convolution import Conv3d

BRAINLAB = Path(__file__).resolve().parents[2] / "brainlab"


def gradient(convolution, x, *, mixed):
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        made = convolution(x)
    (found,) = torch.autograd.grad(made.float().square().sum(), convolution.weight)
    return found


def soil_memory():
    """Leave large numbers in memory that is given out next."""
    for size in (2**10, 2**14, 2**16, 2**18):
        for kind in (torch.float32, torch.bfloat16):
            del [torch.full((size,), 1e30, dtype=kind) for _ in range(4)][:]


@pytest.mark.parametrize("sides", [(1, 2, 2), (2, 1, 1), (2, 2, 2), (2, 4, 4), (3, 2, 2), (4, 4, 4)])
@pytest.mark.parametrize("kernel", [1, 3])
def test_gradients_are_alike_in_either_precision(sides, kernel):
    torch.manual_seed(0)
    convolution = Conv3d(16, 16, kernel, padding=kernel // 2)
    x = torch.randn(1, 16, *sides)
    expected = gradient(convolution, x, mixed=False)
    for _ in range(5):
        soil_memory()
        found = gradient(convolution, x, mixed=True)
        assert torch.allclose(found, expected, atol=0.03 * float(expected.abs().max()))


def test_every_3d_convolution_is_this_one():
    bare = [path for path in BRAINLAB.rglob("*.py") if "nn.Conv3d" in path.read_text()]
    assert bare == [BRAINLAB / "networks" / "convolution.py"]
