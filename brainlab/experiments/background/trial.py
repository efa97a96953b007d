"""The estimate of a training, made by a process of its own, so that no page waits and no server runs out of memory."""

import json
import subprocess
import time
from dataclasses import dataclass

from brainlab.errors import InputError
from brainlab.experiments.background.control import argv, environment
from brainlab.experiments.background.request import Request


@dataclass(frozen=True)
class Trial:
    """An estimate under way. `begin` starts it, `ended` says when it is made, and `outcome` then what it found."""

    process: subprocess.Popen[str]
    began: float

    @classmethod
    def begin(cls, request: Request) -> "Trial":
        """Start it. Raises InputError where training would refuse the settings or the data."""
        request.check()
        process = subprocess.Popen(
            argv([*request.words(), "--estimate", "--json"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
            start_new_session=True,
        )
        return cls(process, time.monotonic())

    @property
    def seconds(self) -> float:
        """How long it has been at it."""
        return time.monotonic() - self.began

    @property
    def ended(self) -> bool:
        """Whether the estimate is made, or failed."""
        return self.process.poll() is not None

    def outcome(self) -> str:
        """Wait for the estimate and return it in words, once. Raises InputError where it could not be made."""
        said, complained = self.process.communicate()
        if self.process.returncode == 0:
            return str(json.loads(said.splitlines()[-1])["estimate"])
        lines = complained.splitlines()
        raise InputError(lines[-1].removeprefix("error: ") if lines else "its process was ended; is memory short?")

    def cancel(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()
