"""Whether other users of this machine can read the researchers' password."""

import stat
from pathlib import Path

import streamlit as st


def open_to_others() -> list[str]:
    """Return a line for each secrets file that more than its owner may read."""
    found = [Path(name) for name in st.get_option("secrets.files")]
    return [
        f"{path}: readable by other users of this machine, with the password in it; do chmod 600 {path}"
        for path in found
        if path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ]
