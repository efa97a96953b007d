"""The app's own routes: the viewer's script, volumes as raw bytes or still pictures, and the decoder behind sliders.

Volumes never go through Streamlit's reruns. Models run in one bounded worker, so that the event loop stays free and
two people dragging at once take turns instead of fighting over the cores.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.data.exports import png
from app.data.volumes import Decoded, Decoder, ImageSource, Source, code_length, load, version
from app.server.links import LINKS, ExpiredLinkError, UnknownLinkError
from brainlab.errors import BrainlabError
from brainlab.types import UInt8Array

T = TypeVar("T")

COMPONENTS = Path(__file__).resolve().parent.parent / "components"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
WAITING_LIMIT = 64
PICTURE_SIDE = 240
NO_STORE = {"Cache-Control": "no-store"}
"""Most images show a person, whom no browser's disk should keep; to fetch one again takes milliseconds."""

_models = ThreadPoolExecutor(max_workers=1, thread_name_prefix="models")
_waiting = 0


@cache
def assets() -> tuple[str, dict[str, bytes]]:
    """Return the version (a hash) and the script and style files of all components, by their path in the folder."""
    found = [path for path in sorted(COMPONENTS.rglob("*")) if path.suffix in MEDIA_TYPES]
    files = {path.relative_to(COMPONENTS).as_posix(): path.read_bytes() for path in found}
    digest = hashlib.sha256(b"\0".join(name.encode() + content for name, content in files.items()))
    return digest.hexdigest()[:12], files


def base_url() -> str:
    """Prefix of the app's own routes, where the app is served below a path."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def asset_path(name: str) -> str:
    """Path of one of the components' files, which changes whenever any of them does."""
    return _address("assets", f"{assets()[0]}/{name}")


def volume_path(source: Source) -> str:
    """Path under which the browser may fetch a volume; another one once its run or cohort was made anew."""
    return _address("volume", LINKS.publish(source, version(source)))


def picture_path(source: ImageSource) -> str:
    """Path of a still picture of an image, for browsers in which the viewer's script cannot run."""
    return _address("picture", LINKS.publish(source, version(source)))


def decode_path(run: str, *, styles: bool = False) -> str:
    """Path to which the browser may post latent codes of a run, or of its styles."""
    return _address("decode", LINKS.publish(Decoder(run, styles)))


def _address(kind: str, name: str) -> str:
    return f"{base_url()}/brainlab/{kind}/{name}"


async def serve_asset(request: Request) -> Response:
    """One file of the viewer; the version in the path lets browsers keep it for good."""
    version, files = assets()
    name = request.path_params["name"]
    if name not in files or request.path_params["version"] != version:
        return PlainTextResponse("not found", 404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(files[name], media_type=MEDIA_TYPES[Path(name).suffix], headers=headers)


async def serve_volume(request: Request) -> Response:
    """One published volume, raw."""
    source = _source(request)
    return source if isinstance(source, Response) else await _answer(source, NO_STORE)


async def serve_picture(request: Request) -> Response:
    """The middle slices of one published image, as PNG."""
    source = _source(request)
    if isinstance(source, Response):
        return source
    if not hasattr(type(source), "grid"):
        return PlainTextResponse("not found", 404)
    made = await _made(source)
    if isinstance(made, Response):
        return made
    zoom = max(1, PICTURE_SIDE // max(made.shape))
    return Response(
        await asyncio.to_thread(png, [cast(ImageSource, source)], zoom), media_type="image/png", headers=NO_STORE
    )


async def serve_decoded(request: Request) -> Response:
    """The brain of the code in the body: [latent_dim] little-endian int16 steps of 1/64."""
    permission = _resolve(request.path_params["token"])
    if isinstance(permission, Response):
        return permission
    if not isinstance(permission, Decoder):
        return PlainTextResponse("not found", 404)
    try:
        longest = 2 * code_length(permission.run, styles=permission.styles)
    except BrainlabError as error:
        return PlainTextResponse(str(error), 404)
    if _length(request, longest + 1) > longest:
        return PlainTextResponse("too long", 413)
    headers = dict(NO_STORE)
    if request.headers.get("x-request", "").isdecimal():
        headers["X-Request"] = request.headers["x-request"]
    return await _answer(Decoded(permission.run, await request.body(), permission.styles), headers)


def _length(request: Request, unknown: int) -> int:
    """Return the length that a request says its body has."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isdecimal() else unknown


def _resolve(token: str) -> object:
    try:
        return LINKS.resolve(token)
    except UnknownLinkError:
        return PlainTextResponse("not found", 404)
    except ExpiredLinkError:
        return PlainTextResponse("expired", 410)


def _source(request: Request) -> Source | Response:
    source = _resolve(request.path_params["token"])
    return PlainTextResponse("not found", 404) if isinstance(source, Decoder) else cast(Source | Response, source)


async def _answer(source: Source, headers: dict[str, str]) -> Response:
    """Send the raw bytes; `identity` keeps Streamlit's gzip (ten times slower here) away."""
    made = await _made(source)
    if isinstance(made, Response):
        return made
    body = made.tobytes()
    return Response(body, media_type="application/octet-stream", headers={"Content-Encoding": "identity", **headers})


async def _made(source: Source) -> UInt8Array | Response:
    """Make a volume off the event loop, or say why there is none."""
    try:
        if source.needs_model:
            return await in_model_worker(lambda: load(source))
        return await asyncio.to_thread(load, source)
    except BrainlabError as error:
        return PlainTextResponse(str(error), 400)
    except BusyError:
        return PlainTextResponse("busy", 503)


class BusyError(Exception):
    """Too many requests wait for the model worker."""


async def in_model_worker(work: Callable[[], T]) -> T:
    """Run `work` in the one thread that decodes for browsers; raises BusyError when too many wait already."""
    global _waiting
    if _waiting >= WAITING_LIMIT:
        raise BusyError
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_models, work)
    finally:
        _waiting -= 1


ROUTES = [
    Route("/brainlab/assets/{version}/{name:path}", serve_asset),
    Route("/brainlab/volume/{token}", serve_volume),
    Route("/brainlab/picture/{token}", serve_picture),
    Route("/brainlab/decode/{token}", serve_decoded, methods=["POST"]),
]
