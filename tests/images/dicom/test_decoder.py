"""The process that decodes may end as it likes: what it was at is refused, and the next frame is decoded by another."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from brainlab.images.dicom import decoder
from brainlab.images.dicom.decoder import DECODER, Decoder
from tests.dicom_files import image, save, voxels_of

STAND_IN = """
import json, os, signal, sys, time
import numpy as np
for line in sys.stdin:
    path = json.loads(line)
    if path.endswith("fatal"):
        os.kill(os.getpid(), signal.SIGFPE)
    if path.endswith("slow"):
        time.sleep(5)
    np.save(path + ".npy", np.full(3, len(os.path.basename(path))))
    print("refused" if path.endswith("damaged") else "decoded", flush=True)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decoder:
    """Return a decoder that tells by the name of a file what becomes of it."""
    monkeypatch.setattr(decoder, "SCRIPT", tmp_path / "script.py")
    (tmp_path / "script.py").write_text(STAND_IN, encoding="utf-8")
    made = Decoder()
    yield made
    made.close()


def test_a_frame_that_ends_its_process_is_refused_and_the_next_is_decoded(stand_in: Decoder, tmp_path: Path):
    for _ in range(2):
        assert stand_in.decode(tmp_path / "fatal") is None
        assert stand_in.decode(tmp_path / "damaged") is None
        np.testing.assert_array_equal(stand_in.decode(tmp_path / "four"), [4, 4, 4])


def test_a_frame_that_takes_for_ever_is_ended(stand_in: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoder, "LONGEST_S", 0.2)
    assert stand_in.decode(tmp_path / "slow") is None
    monkeypatch.setattr(decoder, "LONGEST_S", 60)
    np.testing.assert_array_equal(stand_in.decode(tmp_path / "four"), [4, 4, 4])


def test_threads_get_their_own_frames(stand_in: Decoder, tmp_path: Path):
    names = ["x" * length for length in range(1, 40)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda name: stand_in.decode(tmp_path / name), names))
    assert [int(values[0]) for values in found] == list(range(1, 40))


def test_a_file_is_read_as_simpleitk_has_it(tmp_path: Path):
    values = voxels_of(1)[0]
    path = save(image(values, (0, 0, 0)), tmp_path / "an odd\nname.dcm")
    np.testing.assert_array_equal(DECODER.decode(path).reshape(values.shape), values)
    (tmp_path / "none.dcm").write_bytes(b"no DICOM")
    assert DECODER.decode(tmp_path / "none.dcm") is None


def _in_a_child(path: Path, replies: multiprocessing.Queue) -> None:
    replies.put((DECODER._process is None, DECODER.decode(path).shape[-2:]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that begin as a copy")
def test_a_fork_has_a_process_of_its_own(tmp_path: Path):
    path = save(image(voxels_of(1)[0], (0, 0, 0)), tmp_path / "a.dcm")
    assert DECODER.decode(path) is not None
    context = multiprocessing.get_context("fork")
    replies = context.Queue()
    child = context.Process(target=_in_a_child, args=(path, replies), daemon=True)
    child.start()
    assert replies.get(timeout=60) == (True, (24, 20))
    child.join(60)
    assert child.exitcode == 0
    assert DECODER.decode(path) is not None
