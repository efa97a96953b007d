"""A `brainlab` whose libraries are loaded already: one process forks for each call, so that pages of docs run quickly.

`python preloaded.py SOCKET` loads the package and waits; `python -IS preloaded.py SOCKET call WORDS` asks it to run
`brainlab WORDS` in the caller's folder and environment, with the caller's own streams, and ends with its exit code.
"""

import hashlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

LENGTH = 8
"""Bytes that give the length of a message."""


def serve(address: str) -> None:
    """Load everything, then fork for each call."""
    import importlib
    import pkgutil

    import brainlab

    sys.path.insert(0, str(Path.cwd()))
    for module in pkgutil.walk_packages(brainlab.__path__, "brainlab."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("torch._dynamo")  # which Lightning's trainer loads when it is called
    importlib.import_module("brainlab.simulation.people.atlas").atlas()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies: the exit code comes through the connection
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        while True:
            connection, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _run(connection)
            connection.close()


def _run(connection: socket.socket) -> None:
    """Be the command that the other end of the connection asks for."""
    from brainlab.cli import main
    from brainlab.reading.record import salt

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(connection, LENGTH, 3)
    with connection.makefile("rb") as message:
        call = json.loads(message.read(int.from_bytes(head)))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = ["brainlab", *call["words"]]
    salts = hashlib.shake_256(" ".join(call["words"][:2]).encode())  # chance decides alike in every run
    salt.secrets = SimpleNamespace(token_bytes=salts.digest)  # type: ignore[assignment]
    code = 1
    try:
        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([code]))
        os._exit(code)


def call(address: str, words: list[str]) -> int:
    """Ask for one command and return its exit code."""
    message = json.dumps({"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [len(message).to_bytes(LENGTH)], [0, 1, 2])
        connection.sendall(message)
        return (connection.recv(1) or b"\1")[0]


if __name__ == "__main__":
    if sys.argv[2:3] == ["call"]:
        sys.exit(call(sys.argv[1], sys.argv[3:]))
    serve(sys.argv[1])
