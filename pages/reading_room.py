"""The reading room: the only page that a reader's personal link opens."""

import secrets

import streamlit as st

from app import access
from app.components.reading_room import reading_room
from app.reading_routes import open_session
from brainlab.reading.tokens import LinkError

study, token = access.reader_study(), access.reader_token() or ""
try:
    open_session(study, token, tab=secrets.token_urlsafe(16))
except LinkError as error:
    st.title("Reading room", anchor=False)
    st.error(str(error).capitalize() + ".")
else:
    reading_room(study, token)
