"""Decode compressed DICOM files in a process of its own, which a damaged one may end.

SimpleITK decodes by GDCM and the libraries in it, which are C and C++. Among frames with changed bytes are some that
end the process in which they are decoded, such as by a division by zero, which no `except` catches. The app would go
with it, and with the app every reader of a study.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SCRIPT = Path(__file__).with_name("decoder_process.py")
LONGEST_S = 60.0
"""A frame takes far less than a second; one that takes more than this is damaged."""
DECODED = b"decoded\n"


class Decoder:
    """One process that decodes, started when it is needed, again after it ended. Threads take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, path: Path) -> npt.NDArray[Any] | None:
        """Return the values of a DICOM file as SimpleITK has them; None where they cannot be decoded.

        Writes `path`.npy, which whoever made the file removes with it.
        """
        with self._turn:
            reply = self._reply(path)
            if not reply:  # it ended, or is about to
                self.close()
            if reply != DECODED:
                return None
            values: npt.NDArray[Any] = np.load(f"{path}.npy", allow_pickle=False)
            return values

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def forget(self) -> None:
        """Leave the process to the parent, after a fork; its pipes would be shared."""
        self._turn, self._process = threading.Lock(), None

    def _reply(self, path: Path) -> bytes:
        """Return what the process says of a file; nothing where it ended, or was ended after `LONGEST_S`."""
        process = self._process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(LONGEST_S, process.kill)
        late.start()
        try:
            process.stdin.write(json.dumps(str(path)).encode() + b"\n")
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return b""
        finally:
            late.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        return subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT)],  # without the script's folder among those that are imported from
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever asked
        )


DECODER = Decoder()
atexit.register(DECODER.close)
os.register_at_fork(after_in_child=DECODER.forget)
