"""What the server writes while it is used well, badly, and breaks: nothing that opens a door or names a person."""

import secrets
import sqlite3
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from tests.e2e.attacks.conftest import PASSWORD, STRANGER, Target


def test_no_token_password_key_or_name_is_logged(target: Target, tmp_path: Path):
    first, second = target.readers
    guess = secrets.token_urlsafe(32)
    query = f"study={first['study']}&token={first['token']}"
    for headers in ({}, STRANGER):
        for page in (f"/reading-room?{query}", f"/reading-room?study={first['study']}&token={guess}", f"/{guess}"):
            target.ask("GET", page, Referer=f"{target.server.url}/reading-room?{query}", **headers)
        target.shows(query, "reading-room", **headers)
        target.shows(query.replace(first["token"], guess), "study_desk", **headers)
        assert target.act("enter", first, headers=headers, takeover=True).status == 200
        assert target.act("enter", {**first, "token": guess}, headers=headers).status == 403
        for act, body in (("answer", {"active_ms": 1e308}), ("event", {"kind": "\ud800"}), ("undo", {}), ("none", {})):
            target.act(act, first, headers=headers, **body)
        target.raw(f"POST /brainlab/reading/enter?{query} HTTP/1.1\r\nContent-Length: x\r\n\r\n".encode(), wait_s=1)
        target.raw(f"GET /?{query} HTTP/9.9\r\n\r\n".encode(), wait_s=1)
        target.ask("GET", f"/brainlab/volume/{guess}", **headers)
        target.ask("PUT", f"/_stcore/upload_file/{guess}/1", b"x", **headers)
    assert not target.opens(Origin=f"http://evil.example/?{query}")
    with target.socket(target.own) as line:
        line.send(b"\xff" + first["token"].encode())
    with target.socket(target.own) as line:  # a widget that no page has, named and filled as an attacker likes
        state = ClientState(query_string=query)
        state.widget_states.widgets.add(id=guess, string_value=guess)
        line.send(BackMsg(rerun_script=state).SerializeToString())
    database, cohort = target.study / "study.db", target.study.parents[1] / "cohorts" / "simulated" / "scans.tsv"
    with sqlite3.connect(database) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA user_version = 99")
    told = cohort.read_bytes()
    ids = {line.split("\t")[0] for line in told.decode().splitlines()[1:]}
    cohort.write_bytes(told.replace(b"\t", b"\x00", 40))
    try:
        assert target.act("enter", first).status == 503
        target.shows(query, "reading-room")
        for page in ("study_desk", "cohort", "lda", "explorer", "train"):
            target.shows(page=page)
    finally:
        cohort.write_bytes(told)
        with sqlite3.connect(database) as db:
            db.execute(f"PRAGMA user_version = {version}")
    log = target.server.log.read_text(encoding="utf-8")
    for secret in (first["token"], second["token"], guess, PASSWORD, "Secretname", "GiveAway", *ids):
        assert secret not in log, log[max(0, log.find(secret) - 1500) : log.find(secret) + 200]
    assert "readable by other users of this machine" in log, "the fixture's secrets are open on purpose"
