"""The app: launcher and router in one file.

`streamlit run app/main.py` reads this file twice. Without a script context it is the launcher, whose `app` carries the
binary routes; with one it is the script of a session, which shows the page that was asked for.
"""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

PROJECT = Path(__file__).resolve().parent.parent
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from app import navigation  # noqa: E402
from app.server import journal  # noqa: E402
from app.server.guard import Guard  # noqa: E402
from app.server.secret_files import open_to_others  # noqa: E402
from brainlab import __version__  # noqa: E402
from brainlab.workspace import workspace  # noqa: E402

if get_script_run_ctx(suppress_warning=True) is None:
    journal.leave_out_told_errors()
    for line in open_to_others():
        journal.warn(line)
    journal.note(f"started, version {__version__}, workspace {workspace()}")
    app = st.App(
        Path(__file__).resolve(),
        routes=navigation.routes(),
        middleware=[Middleware(Guard)],
        on_script_error=navigation.show_error,
    )
else:
    navigation.render()
