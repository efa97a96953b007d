import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import brainlab
from brainlab.cli import COMMANDS
from brainlab.errors import InputError
from brainlab.files.folder_lock import LOCK, folder_in_use, place_in_use, places_in_use

HOLD = """
import sys, time
from pathlib import Path
from brainlab.files.folder_lock import folder_in_use
with folder_in_use(Path(sys.argv[1]), "brainlab train"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_who_works_there_and_a_killed_one_blocks_nobody(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, encoding="utf-8")
    assert other.stdout.readline() == "held\n"
    with (
        pytest.raises(InputError, match=rf"in use by brainlab train, process {other.pid} on"),
        folder_in_use(tmp_path, "brainlab train"),
    ):
        pass
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / LOCK).exists()
    with folder_in_use(tmp_path, "brainlab train"):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_threads_keep_each_other_out(tmp_path):
    inside, most, refused = 0, 0, 0
    count = threading.Lock()

    def work():
        nonlocal inside, most, refused
        for _ in range(50):
            try:
                with folder_in_use(tmp_path, "work"):
                    with count:
                        inside += 1
                        most = max(most, inside)
                    with count:
                        inside -= 1
            except InputError:
                refused += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert refused < 200


def test_an_error_ends_the_lock(tmp_path):
    with pytest.raises(KeyError), folder_in_use(tmp_path, "work"):
        raise KeyError
    with folder_in_use(tmp_path, "work"):
        pass


def test_a_place_that_is_yet_to_come_can_be_in_use(tmp_path):
    """The lock lies beside it, so that the folder itself may be renamed into place; nothing is left."""
    place = tmp_path / "deep" / "out"
    with place_in_use(place, "brainlab prepare"):
        with pytest.raises(InputError, match=r"deep/out: is in use by brainlab prepare, process"):
            place_in_use(place, "brainlab prepare").__enter__()
        with place_in_use(tmp_path / "deep" / "other", "brainlab prepare"):
            pass
        assert not place.exists()
    assert list(tmp_path.iterdir()) == []
    with places_in_use([place, tmp_path / "other"], "brainlab tables"):
        with pytest.raises(InputError, match="other: is in use by brainlab tables"):
            places_in_use([place.with_name("third"), tmp_path / "other"], "brainlab tables").__enter__()
        with place_in_use(place.with_name("third"), "brainlab tables"):
            pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file/out"):
        place_in_use(tmp_path / "file" / "out", "brainlab prepare").__enter__()


def test_no_other_folder_is_advised_where_there_is_none_to_choose(tmp_path):
    with place_in_use(tmp_path / "out", "brainlab evaluate"):
        with pytest.raises(InputError, match=r"; wait for it, or choose another folder$"):
            place_in_use(tmp_path / "out", "brainlab evaluate").__enter__()
        with pytest.raises(InputError, match=r" on \S+; wait for it$"):
            place_in_use(tmp_path / "out", "brainlab evaluate", chosen=False).__enter__()


def test_locks_name_a_command_as_it_is_called():
    call = re.compile(r"(?:in_use|whole_folder)\([^\"\n]*\"([^\"]+)\"")
    sources = Path(brainlab.__file__).parent.rglob("*.py")
    named = {name for path in sources for name in call.findall(path.read_text(encoding="utf-8"))}
    assert {"brainlab prepare", "brainlab sample", "brainlab cross-validate"} <= named
    assert {name.removeprefix("brainlab ") for name in named} - {*COMMANDS} == {"a start of its training"}
    assert {name for name in named if not name.startswith("brainlab ")} <= {"a start of its training", "import-dicom"}
