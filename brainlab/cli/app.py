"""`brainlab app`: make the workspace ready and open the app in a browser at the address that is printed."""

import argparse
import importlib.util
import os
import socket
import sys
from typing import Any

from brainlab.cli.common.lines import print_lines
from brainlab.errors import InputError
from brainlab.workspace import APP

NEEDED = ("streamlit", "starlette", "plotly")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8501, help="port of this machine (default: 8501)")
    parser.add_argument(
        "--address",
        default="localhost",
        help="where the app listens: localhost for this machine alone (default), 0.0.0.0 for readers on the network",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Replace this process by Streamlit's server. What is wrong with the workspace is printed, and the app starts."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise InputError(
            f"brainlab app: needs {', '.join(missing)}, which the package alone does not install; "
            "do pip install 'brainlab[app]'"
        )
    _check_free(args.address, args.port)
    from brainlab.cli.demo import make_ready, problem_lines

    print_lines(problem_lines(make_ready()), sys.stderr)
    flags = ["--server.port", str(args.port), "--server.address", args.address]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(APP), *flags])  # noqa: S606 (no shell)


def _check_free(address: str, port: int) -> None:
    """Raise InputError where no server can listen at an address and port."""
    try:
        socket.create_server((address, port)).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"--port {port}, --address {address}: needs a place to listen, got '{reason}'; choose another --port"
        ) from error
