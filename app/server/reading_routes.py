"""What the reading room's script asks the server: where the reader stands, pixels, answers.

The room does not go through Streamlit's reruns, so that the next case is there at once and a restarted server is met
again without a reload. Every request carries the personal link's token, in its body or its headers and never in its
address, so that no log holds it. No reply holds a source, a label, a title for researchers, or a score.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from brainlab.errors import BrainlabError, InputError
from brainlab.files.json_text import parse_json
from brainlab.reading.desk.lifecycle import study_folder
from brainlab.reading.record.store import StorageError
from brainlab.reading.record.tokens import LinkError
from brainlab.reading.room.reader_view import Presentation, View
from brainlab.reading.room.session import LeaseLostError, ReaderSession

LONGEST_BODY = 20_000
SHORTEST_TAB = 16
NO_STORE = {"Cache-Control": "no-store", "Content-Encoding": "identity"}


def session_of(study: str, token: str, tab: str) -> ReaderSession:
    """Take a personal link, which each act of the session checks.

    Raises LinkError, with one text whatever part of the link is wrong.
    """
    try:
        folder = study_folder(study)
    except (InputError, ValueError, OSError):  # also what no file could be called
        raise LinkError from None
    if len(tab) < SHORTEST_TAB:
        raise InputError("this page cannot be used; please reload it")
    return ReaderSession.of_link(folder, token, tab)


async def serve_act(request: Request) -> Response:
    """Do one act of a reader and reply with where the reader stands then."""
    act = ACTS.get(request.path_params["act"])
    body = b"" if act is None else await _read(request)
    if act is None or body is None:
        return PlainTextResponse("not found", 404, headers=NO_STORE)
    try:
        given = parse_json(body)
        json.dumps(given, ensure_ascii=False).encode()  # refuses half a letter, which no database takes
        link = [str(given[name]) for name in ("study", "token", "tab")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return PlainTextResponse("not understood", 400, headers=NO_STORE)
    try:
        return JSONResponse(await run_in_threadpool(_do, act, link, given), headers=NO_STORE)
    except BrainlabError as error:
        return _refusal(error)
    except (ValueError, OverflowError):  # a number without end: nothing that the room's script sends
        return PlainTextResponse("not understood", 400, headers=NO_STORE)


async def _read(request: Request) -> bytes | None:
    """Return the body; None for one that is too long, of which no more is read than shows that."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            return None
    return body


async def serve_pixels(request: Request) -> Response:
    """The stored bytes of one presentation: raw, of one length for all cases of a study, never kept by the browser."""
    link = [request.headers.get(f"x-{name}", "") for name in ("study", "token", "tab")]
    try:
        pixels = await run_in_threadpool(lambda: session_of(*link).pixels(request.path_params["presentation"])[0])
    except BrainlabError as error:
        return _refusal(error)
    except ValueError:
        return PlainTextResponse("not understood", 400, headers=NO_STORE)
    return Response(pixels, media_type="application/octet-stream", headers=NO_STORE)


def _do(act: Callable[[ReaderSession, dict[str, Any]], dict[str, Any]], link: list[str], given: dict[str, Any]) -> Any:
    return act(session_of(*link), given)


def _shown(view: View) -> dict[str, Any]:
    """Everything the reading room shows: state, texts, progress, this case and the next."""
    ended = view.state in ("closed", "waiting", "done")
    return {
        "state": view.state,
        "consented": view.consented,
        "room": asdict(view.room),
        "progress": asdict(view.progress),
        "writable": view.has_lease,
        "can_undo": view.can_undo,
        "question": None if ended else asdict(view.room.questions[0]),
        "current": _case(view.current),
        "next": _case(view.next),
        "opens_at": view.opens_at,
    }


def _case(case: Presentation | None) -> dict[str, Any] | None:
    return None if case is None else asdict(case)


def _enter(session: ReaderSession, given: dict[str, Any]) -> dict[str, Any]:
    """Become the tab that may answer, if no other is, or take over; also the heartbeat of the one that is.

    `previous` names the page before a reload, `alive` marks the heartbeat. After the last case the lease is still
    needed, to take an answer back.
    """
    previous = given.get("previous")
    takeover, alive = given.get("takeover") is True, given.get("alive") is True
    return _shown(session.acquire_lease(takeover, previous if isinstance(previous, str) else None, alive))


def _event(session: ReaderSession, given: dict[str, Any]) -> dict[str, Any]:
    """Record consent, the display check, a pause and the like."""
    detail = given.get("detail")
    return _shown(session.record_event(str(given.get("kind")), detail if isinstance(detail, dict) else None))


def _answer(session: ReaderSession, given: dict[str, Any]) -> dict[str, Any]:
    """Save an answer; sent twice under one key it is saved once."""
    confidence, active, others = given.get("confidence"), given.get("active_ms"), given.get("others")
    receipt = session.answer(
        str(given.get("presentation")),
        str(given.get("value")),
        idempotency_key=str(given.get("key")),
        confidence=confidence if isinstance(confidence, int) else None,
        cue=str(given["cue"]) if given.get("cue") else None,
        others={str(k): str(v) for k, v in others.items()} if isinstance(others, dict) else None,
        shown_at=str(given["shown_at"]) if given.get("shown_at") else None,
        active_ms=max(0, int(active)) if isinstance(active, int | float) else None,
    )
    return _shown(receipt.view) | {"feedback": receipt.feedback}


def _undo(session: ReaderSession, given: dict[str, Any]) -> dict[str, Any]:
    """Take the last answer back."""
    return _shown(session.undo())


ACTS = {"enter": _enter, "event": _event, "answer": _answer, "undo": _undo}


def _refusal(error: BrainlabError) -> Response:
    """Say why not: `kind` tells the room what to do, `error` tells the reader."""
    kinds = {LinkError: ("link", 403), LeaseLostError: ("lease", 409), StorageError: ("storage", 503)}
    kind, status = kinds.get(type(error), ("refused", 409))
    text = "The answer could not be saved." if kind == "storage" else str(error)
    return JSONResponse({"kind": kind, "error": text}, status, headers=NO_STORE)


ROUTES = [
    Route("/brainlab/reading/pixels/{presentation}", serve_pixels),
    Route("/brainlab/reading/{act}", serve_act, methods=["POST"]),
]
