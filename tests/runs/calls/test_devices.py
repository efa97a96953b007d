"""A network computes in bfloat16 only where the device does so by itself."""

import pytest
import torch

from brainlab.runs.calls.devices import computes_in_bfloat16, quick_arithmetic


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True}, torch.float32),
        ({"avx512_f": True, "avx512_bf16": False}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True, "avx512_bf16": False}, torch.bfloat16),
    ],
)
def test_a_processor_that_emulates_bfloat16_computes_in_float32(monkeypatch, capabilities, expected):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities)
    assert computes_in_bfloat16("cpu") is (expected == torch.bfloat16)
    with quick_arithmetic("cpu"):
        assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == expected


def test_a_gpu_that_emulates_bfloat16_does_not_count(monkeypatch):
    asked = []
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **how: asked.append(how) or False)
    assert not computes_in_bfloat16("cuda")
    assert asked == [{"including_emulation": False}]
