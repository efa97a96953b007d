import resource

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from brainlab.errors import InputError
from brainlab.training.checkpoint import MetricsFile, load_resume, save_resume, save_weights, write_atomically


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("old", encoding="utf-8")

    def fail(scratch):
        scratch.write_text("half", encoding="utf-8")
        raise RuntimeError("disk full")

    with pytest.raises(OSError, match=r"card\.md"):
        write_atomically(path, fail)
    assert path.read_text(encoding="utf-8") == "old"
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
    for content in (b"PK\x03\x04 not a checkpoint", b"garbage", b"", b"\x80\x02."):
        (tmp_path / "resume.pt").write_bytes(content)
        with pytest.raises(InputError, match=r"resume\.pt: cannot be read \(.+\)"):
            load_resume(tmp_path)


@pytest.mark.parametrize("name", ["resume.pt", "weights.safetensors"])
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path, name):
    """A limit on the size of files fails in the midst of a write, as a full disk does."""
    network = nn.Linear(300, 300)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match=name.replace(".", r"\.")):
            save_resume(tmp_path, network.state_dict()) if name == "resume.pt" else save_weights(tmp_path, network)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


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
    assert metrics.path.read_text(encoding="utf-8") == '{"step": 1}\n'


@pytest.mark.parametrize("line", ["{", "[1]", '{"step": 1}', "[" * 3000])
def test_a_damaged_line_of_metrics_is_named(line, tmp_path):
    metrics = MetricsFile(tmp_path)
    metrics.append({"kind": "step", "step": 1})
    with metrics.path.open("a", encoding="utf-8") as out:
        out.write(f"{line}\n")
    with pytest.raises(InputError, match="line 2 is damaged"):
        metrics.lines()
