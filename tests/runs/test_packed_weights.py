"""Weights with eight bits each."""

import pytest
import torch

from brainlab.runs import packed_weights
from brainlab.runs.packed_weights import pack, unpack


@pytest.fixture(autouse=True)
def small_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let layers that fit a test count as large."""
    monkeypatch.setattr(packed_weights, "PACKED_FROM", 600)


def network() -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    rows = torch.logspace(-6, 2, 20)[:, None]  # of very different size, as rows of one layer can be
    return {
        "dense.weight": (rows * torch.randn(20, 30, generator=random)).half(),
        "silent.weight": torch.zeros(20, 30, dtype=torch.float16),
        "root": rows[:, None] * torch.randn(20, 5, 6, generator=random),
        "dense.bias": torch.randn(700, generator=random),
        "small.weight": torch.randn(19, 30, generator=random),
        "convolution.weight": torch.randn(10, 10, 3, 3, generator=random),
        "levels": torch.arange(-100, 100, dtype=torch.int8).repeat(30, 1),
        "levels.scale": torch.ones(3, 1),
    }


def test_unpacked_weights_are_within_half_a_scale_of_each_row() -> None:
    before, after = network(), unpack(pack(network()))
    row = before["dense.weight"].float()
    assert ((after["dense.weight"] - row).abs() <= 0.5001 * row.abs().amax(1, keepdim=True) / 127).all()
    assert torch.equal(after["silent.weight"], torch.zeros(20, 30))
    root = before["root"]
    assert ((after["root"] - root).abs() <= 0.5001 * root.abs().amax(2, keepdim=True) / 127).all()


def test_only_large_dense_layers_are_packed() -> None:
    before, packed = network(), pack(network())
    assert {name for name, value in packed.items() if value.dtype == torch.int8} == {
        "dense.weight", "silent.weight", "root", "levels"
    }  # fmt: skip
    others = before.keys() - {"dense.weight", "silent.weight", "root"}
    after = unpack(packed)
    assert all(torch.equal(after[name], before[name]) for name in others)
    assert after.keys() == before.keys()


def test_what_was_not_packed_is_read_as_it_is() -> None:
    plain = {"weight": torch.ones(2, 3), "levels": torch.ones(4, dtype=torch.int8)}
    assert unpack(plain) == plain
