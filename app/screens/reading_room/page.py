"""The reading room: the only page that a reader's personal link opens."""

import secrets

import streamlit as st

from app.components.reading_room import reading_room
from app.server import access
from app.server.reading_routes import session_of
from brainlab.errors import BrainlabError
from brainlab.reading.record.tokens import LinkError

UNAVAILABLE = "The study cannot be opened at the moment. Earlier answers are kept; please try again in a few minutes."


def show() -> None:
    """Open the study of the link, or say in one line why it cannot be opened."""
    study, token = access.reader_study(), access.reader_token() or ""
    try:
        session_of(study, token, tab=secrets.token_urlsafe(16)).look()
    except LinkError as error:
        st.title("Reading room", anchor=False)
        st.error(str(error).capitalize() + ".")
    except BrainlabError:
        # What went wrong is for the researcher: its text names files of this machine.
        st.title("Reading room", anchor=False)
        st.error(UNAVAILABLE)
    else:
        reading_room(study, token)
