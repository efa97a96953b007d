"""Whether the server can do its work, for what watches over it: a proxy, a container, a monitor."""

import os
import shutil
import time
from pathlib import Path
from threading import Lock

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import brainlab
from app.server import journal
from app.server.access import is_local
from brainlab.errors import BrainlabError
from brainlab.reading.record.store import Store
from brainlab.workspace import studies_folder, workspace

LEAST_FREE_BYTES = 200 << 20
"""An hour of reading takes less than a hundredth of it; a checkpoint of a large run about as much."""
KEPT_S = 5.0
"""Seconds for which an answer stands, so that whoever asks often costs nothing."""

_lock = Lock()
_kept: tuple[float, list[str]] | None = None


def problems() -> list[str]:
    """Return what stops work, a line each: a full disk, a folder that cannot be written to, a damaged study."""
    folder = workspace()
    if not folder.is_dir():
        return [f"{folder}: is missing"]
    found = [] if os.access(folder, os.W_OK) else [f"{folder}: cannot be written to"]
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        found.append(f"{folder}: has {free >> 20} MB free, needs {LEAST_FREE_BYTES >> 20} MB")
    return found + [line for path in sorted(studies_folder().glob("[!.]*/study.db")) for line in _broken(path.parent)]


def _broken(study: Path) -> list[str]:
    try:
        with Store(study).read() as db:
            db.execute("SELECT state FROM study").fetchone()
    except (BrainlabError, OSError) as error:
        return [str(error)]
    return []


def _health(request: Request) -> Response:
    """Answer 200 where all is well, else 503; what is wrong, and the version, is told to this machine alone."""
    global _kept
    with _lock:
        now = time.monotonic()
        if _kept is None or now - _kept[0] > KEPT_S:
            _kept = now, problems()
            for line in _kept[1]:
                journal.warn(line)
        found = _kept[1]
    told: dict[str, object] = {"ok": not found}
    if is_local(request.client.host if request.client else None, request.headers):
        told |= {"version": brainlab.__version__, "problems": found}
    return JSONResponse(told, 503 if found else 200, {"Cache-Control": "no-store"})


ROUTES = [Route("/health", _health, methods=["GET"])]
