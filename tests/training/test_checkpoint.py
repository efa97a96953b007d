import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from brainlab.errors import InputError
from brainlab.training.checkpoint import MetricsFile, load_resume, save_resume, save_weights, write_atomically


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("old")

    def fail(scratch):
        scratch.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_resume_states_hold_plain_values_only(tmp_path):
    state = {"step": 3, "losses": {"a": [1.5, 2]}, "random": torch.get_rng_state()}
    save_resume(tmp_path, state)
    loaded = load_resume(tmp_path)
    assert loaded["losses"] == state["losses"]
    assert torch.equal(loaded["random"], state["random"])


def test_a_damaged_or_missing_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match="no resume"):
        load_resume(tmp_path)
    (tmp_path / "resume.pt").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(InputError, match="cannot be read"):
        load_resume(tmp_path)


def test_weights_are_halved_on_request_and_counters_are_not(tmp_path):
    norm = nn.BatchNorm1d(3)
    save_weights(tmp_path, norm, torch.float16)
    saved = load_file(tmp_path / "weights.safetensors")
    assert saved["weight"].dtype == torch.float16
    assert saved["num_batches_tracked"].dtype == torch.int64


def test_metrics_are_cut_back_to_a_checkpoint(tmp_path):
    metrics = MetricsFile(tmp_path)
    metrics.append({"step": 1})
    size = metrics.size()
    metrics.append({"step": 2})
    metrics.cut(size)
    assert metrics.path.read_text() == '{"step": 1}\n'
