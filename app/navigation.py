"""Which pages and routes there are, and who sees them."""

from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from app.components import layout, plots
from app.screens.sign_in.sign_in import sign_in, sign_out
from app.server import access, health, preload, reading_routes
from app.server.routes import ROUTES, base_url
from brainlab.errors import BrainlabError

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")
PAGES = Path(__file__).resolve().parent.parent / "pages"


def routes() -> list[Route]:
    """All routes beside Streamlit's own, below the path at which the app is served, if it is."""
    # Streamlit prefixes only its own routes. A Mount of that path would take theirs, too.
    spelled = Route(f"{base_url()}/study-desk", _to_study_desk)
    return [spelled] + [
        Route(base_url() + route.path, route.endpoint, methods=sorted(route.methods or ()))
        for route in (*ROUTES, *reading_routes.ROUTES, *health.ROUTES)
    ]


async def _to_study_desk(request: Request) -> RedirectResponse:
    """Lead to the page who spells its address as that of the reading room; the page's own has an underscore."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{base_url()}/study_desk{query}")


def render() -> None:
    """Show one page. With a reader's link in the address the reading room is the only page that exists."""
    st.set_page_config(page_title="brainlab", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    _wait_for_imports()
    is_researcher = not access.reader_token() and access.is_researcher()
    access.allow_uploads(is_researcher)
    if access.reader_token():
        # Twice the same page: personal links end in /reading-room, and a bare address must not ask for another page.
        room = PAGES / "reading_room.py"
        addresses = [st.Page(room, title="Reading room", url_path="reading-room"), st.Page(room, default=True)]
        page = st.navigation(addresses, position="hidden")
    elif is_researcher:
        page = st.navigation(_research_pages())
        sign_out()
    else:
        st.navigation([st.Page(sign_in, title="brainlab")], position="hidden").run()
        return
    try:
        page.run()
    except BrainlabError as error:
        st.error(str(error))
    layout.foot()


def _wait_for_imports() -> None:
    """Let the browser load its largest script, the one that draws charts, while the server imports its own."""
    if preload.is_running():
        meanwhile = st.empty()
        with meanwhile:
            layout.plot(plots.blank(), "meanwhile")
        preload.wait()
        meanwhile.empty()


def show_error(error: Exception) -> bool:
    """Show an error that a user can mend as one line, also where only a part of a page ran; others stay redacted."""
    if isinstance(error, BrainlabError):
        st.error(str(error))
    return isinstance(error, BrainlabError)


def _research_pages() -> dict[str, list[st.Page]]:
    return {
        "": [_page("start", "Start", "home", default=True)],
        "Data": [_page("cohort", "Cohort", "groups")],
        "Models": [
            _page("train", "Train", "model_training"),
            _page("generate", "Generate", "neurology"),
            _page("explorer", "Latent explorer", "tune"),
            _page("lda", "LDA", "scatter_plot"),
            _page("synthesis", "Synthesis", "contrast"),
            _page("leaderboard", "Leaderboard", "leaderboard"),
        ],
        "Readers": [_page("study_desk", "Study desk", "fact_check")],
    }


def _page(name: str, title: str, icon: str, default: bool = False) -> st.Page:
    return st.Page(PAGES / f"{name}.py", title=title, icon=f":material/{icon}:", url_path=name, default=default)
