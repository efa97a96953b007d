"""`brainlab study`: every step of a study by command, with the JSON that other programs rely on."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from brainlab import workspace
from brainlab.cli import main
from brainlab.experiments.studies import locking
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.room.session import ReaderSession


@pytest.fixture
def studio(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of its own that shares the tiny cohort and runs."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("cohorts", "runs"):
        (home / name).symlink_to(tiny_workspace / name)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(home))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    return home


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    """Run a command with --json and return what it printed."""

    def run(*argv: str, code: int = 0) -> dict:
        assert main(["study", *argv, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def _write_protocol(path: Path) -> Path:
    values = {
        "title": "By command",
        "sources": [{"kind": "cohort", "name": "simulated", "n": 6}, {"kind": "run", "name": "tiny-vae", "n": 6}],
        "readers": [{"code": "R1"}, {"code": "R2"}],
        "practice": 2,
        "repeats_share": 0.25,
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def _read(url: str, honest: bool) -> None:
    token = url.split("token=")[1]
    study = url.split("study=")[1].split("&")[0]
    session = ReaderSession.open(lifecycle.study_folder(study), token, "a tab with a long token")
    session.acquire_lease()
    session.record_event("welcome_done")
    session.record_event("consent_given")
    number = 0
    while case := session.current():
        number += 1
        pixels, _ = session.pixels(case.id)
        real = pixels[0] == 0  # untrained runs have no black border
        value = "real" if real == (honest or number % 4 > 0) else "fake"
        session.answer(case.id, value, confidence=3, idempotency_key=case.answer_key)


def test_a_study_from_protocol_to_report(studio, tmp_path, call, monkeypatch):
    monkeypatch.setattr(locking, "PROBE_IMAGES", 40)
    created = call("create", str(_write_protocol(tmp_path / "p.json")))
    assert created["state"] == "draft"
    study = created["study"]
    locked = call("lock", study, "--override", "untrained runs in a test")
    assert locked["state"] == "locked"
    assert locked["cases"] == 12
    assert not locked["probe"]["passed"]
    assert "text" not in locked
    assert locked["sources"][0]["people"] == 6
    links = call("links", study, "--base-url", "https://example.org")["links"]
    assert [set(link) for link in links] == [{"reader", "url"}] * 2
    for link, honest in zip(links, (True, False), strict=True):
        _read(link["url"], honest)
    status = call("status", study)
    assert {code: (r["done"], r["total"]) for code, r in status["readers"].items()} == {"R1": (15, 15), "R2": (15, 15)}
    verified = call("verify", study)
    assert (verified["ok"], verified["answers"]) == (True, 34)
    assert call("close", study)["state"] == "closed"
    assert call("unblind", study, "--by", "a test")["state"] == "unblinded"
    report = call("report", study, "--html", str(tmp_path / "report.html"))
    assert report["per_reader"]["R1"]["accuracy"]["value"] == 1
    assert set(report["per_source"]["R1"]) == {"simulated", "tiny-vae"}
    assert report["checks"]["override"] == "untrained runs in a test"
    assert "By command" in (tmp_path / "report.html").read_text(encoding="utf-8")
    call("report", study, "--out", str(tmp_path / "report.pdf"))
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert call("export", study, "--out", str(tmp_path / "a.imrmc.csv"))["rows"] == 24
    assert main(["study", "report", study, "--out", str(tmp_path / "report.docx")]) == 2
    same = str(tmp_path / "same.html")
    assert main(["study", "report", study, "--out", same, "--html", same]) == 2
    exported = call("export", study, str(tmp_path / "answers.csv"))
    assert exported["rows"] == 24
    frame = pd.read_csv(tmp_path / "answers.csv")
    stats = call("stats", str(tmp_path / "answers.csv"))
    assert stats["cohens_kappa"] == report["cohens_kappa"]
    assert not frame.duplicated(["reader", "case"]).any()
    scores = tmp_path / "my net.csv"
    net = frame.drop_duplicates("case").assign(score=lambda rows: (rows["truth"] == "real") + rows.index / 1000)
    net[["case", "score"]].to_csv(scores, index=False)
    beside = call("report", study, "--machine", str(scores), "--out", str(tmp_path / "beside.html"))
    assert [machine["name"] for machine in beside["machine_readers"]] == ["my net"]
    assert len(beside["machine_cases"]) == 12
    assert "my net minus readers" in (tmp_path / "beside.html").read_text(encoding="utf-8")
    from_file = call("stats", str(tmp_path / "answers.csv"), "--machine", str(scores))
    assert from_file["paired"] == beside["paired"]
    net.assign(case="nobody")[["case", "score"]].to_csv(scores, index=False)
    assert main(["study", "report", study, "--machine", str(scores)]) == 2
    assert main(["study", "report", study, "--machine", str(tmp_path / "nowhere.csv")]) == 2


def test_statistics_of_a_file_say_how_it_was_read_and_print_no_warning(tmp_path, capsys, recwarn):
    path = tmp_path / "grades.csv"
    path.write_text(
        "reader,case,answer\n" + "".join(f"R1,{n},{n % 3}\nR2,{n},{n % 2}.0\n" for n in range(4)), encoding="utf-8"
    )
    assert main(["study", "stats", str(path), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["notes"] == ["answer: taken as one: '0' (2) and '0.0' (2); '1' (1) and '1.0' (2)"]
    assert said.err == ""
    assert not recwarn.list


def test_a_comparison_is_planned_by_readers(call, capsys):
    found = call("plan", "sources", "--areas", "0.85", "0.75", "--readers", "2", "5", "8")
    assert (found["wanted"], found["design"]["reader_sd"]) == ({"power": 0.8, "width": None}, 0.03)
    none, five, eight = found["plans"]
    assert none == {"readers": 2, "real": None}
    assert five["real"] > eight["real"]
    assert five["cases"] == 3 * five["real"]
    given = call("plan", "machine", "--areas", "0.9", "0.9", "--readers", "5", "--real", "50")["plans"][0]
    assert given["power"] < 0.1
    assert main(["study", "plan", "conditions", "--areas", "0.8", "0.7", "--width", "0.2", "--readers", "4"]) == 0
    assert capsys.readouterr().out.startswith("4 readers: ")


def test_the_preset_is_a_protocol(call, capsys):
    assert call("create", "--preset", "dwi-2020")["sources"][0]["n"] == 50
    assert main(["study", "create", "--preset", "dwi-2020"]) == 0
    assert Protocol.from_json(capsys.readouterr().out).cases == 250


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["create"], "needs PROTOCOL.json"),
        (["classify", "nope", "scores.txt"], "needs a file name that ends in .csv"),
        (["classify", "nope", "scores.csv"], "nope: no such study"),
        (["plan", "sources", "--areas", "1.2", "0.8"], "first must lie between 0 and 1"),
        (["plan", "sources", "--areas", ".9", ".8", "--again", ".5"], "--again: is for 'conditions'"),
        (["plan", "sources", "--areas", ".9", ".8", "--real", "9", "--power", ".5"], "leave --power and --width out"),
        (["plan", "sources", "--areas", ".9", ".8", "--readers", "1"], "needs two readers"),
        (["create", "nowhere.json"], "nowhere.json"),
        (["create", "--preset", "dwi-1999"], "dwi-2020"),
        (["lock", "nope"], "nope: no such study"),
        (["stats", "nowhere.csv"], "nowhere.csv"),
        (["links", "nope", "--revoke"], "nope"),
        (["export", "nope"], "needs a file"),
        (
            ["export", "nope", "a.csv", "--out", "b.csv"],
            "needs a file to write, such as answers.csv, got a.csv and b.csv",
        ),
        (["create", "p.json", "--preset", "dwi-2020"], "needs one of PROTOCOL.json, --copy STUDY, --preset NAME, got"),
        (["create", "--copy", "0000", "--preset", "dwi-2020"], "got --copy STUDY and --preset NAME"),
    ],
)
def test_mistakes_are_one_line(studio, tmp_path, monkeypatch, capsys, argv, said):
    monkeypatch.chdir(tmp_path)
    assert main(["study", *argv]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1


def test_a_protocol_with_an_unknown_run_makes_no_study(studio, tmp_path, capsys):
    path = _write_protocol(tmp_path / "p.json")
    path.write_text(path.read_text(encoding="utf-8").replace("tiny-vae", "huge-vae"), encoding="utf-8")
    assert main(["study", "create", str(path)]) == 2
    assert "known are tiny-ivae, tiny-vae" in capsys.readouterr().err
    assert lifecycle.list_studies() == []


def test_links_are_printed_once_and_can_be_replaced_or_ended(studio, tmp_path, call, capsys):
    study = call("create", str(_write_protocol(tmp_path / "p.json")))["study"]
    assert main(["study", "lock", study]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        f"study: {study}",
        "state: locked",
        "cases: 12",
        "practice cases: 2",
        "real cases: 6 slices of 6 people (simulated)",
    ]
    assert {line.split(": ")[0] for line in lines[5:]} == {"check", "warning"}
    assert not [line for line in lines if "{" in line or line.endswith(":")]
    assert len(call("links", study)["links"]) == 2
    assert main(["study", "links", study]) == 2
    assert "--reissue" in capsys.readouterr().err
    assert [link["reader"] for link in call("links", study, "--reissue", "--reader", "R2")["links"]] == ["R2"]
    for words in (["--reissue"], ["--valid-days", "3"], ["--base-url", "https://example.org"]):
        assert main(["study", "links", study, "--revoke", "--reader", "R1", *words]) == 2
        assert f"{words[0]}: is for links that are made, got --revoke" in capsys.readouterr().err
    assert call("links", study, "--revoke", "--reader", "R1")["links"] == []
    assert not lifecycle.study_status(lifecycle.study_folder(study)).readers[0].has_link


def test_a_reader_who_withdraws_is_out_for_good(studio, tmp_path, call, capsys):
    study = call("create", str(_write_protocol(tmp_path / "p.json")))["study"]
    call("lock", study, "--override", "untrained runs in a test")
    assert call("withdraw", study, "R1") == {"study": study, "reader": "R1", "withdrawn": True}
    assert call("status", study)["readers"]["R1"]["withdrawn"]
    assert main(["study", "status", study]) == 0
    assert [line.split(", ")[1:] for line in capsys.readouterr().out.splitlines()[1:]] == [["withdrawn"], []]
    assert main(["study", "withdraw", study, "R1"]) == 2
    assert "R1: no such reader, or withdrawn already" in capsys.readouterr().err


def test_verify_exits_with_1_on_a_broken_study(studio, tmp_path, call):
    study = call("create", str(_write_protocol(tmp_path / "p.json")))["study"]
    call("lock", study, "--override", "untrained runs in a test")
    (lifecycle.study_folder(study) / "truth.db").unlink()
    verdict = call("verify", study, code=1)
    assert not verdict["ok"]
    assert verdict["problems"] == ["truth.db is missing"]


def test_a_backup_is_restored_and_never_over_more_answers(studio, tmp_path, call, capsys):
    study = call("create", str(_write_protocol(tmp_path / "p.json")))["study"]
    call("lock", study)
    (link, _) = call("links", study)["links"]
    backup = str(tmp_path / "backup.tar")
    empty = call("backup", study, "--out", backup)
    assert empty["files"] == [backup]
    assert empty["answers"] == 0
    _read(link["url"], honest=True)
    assert main(["study", "restore", backup]) == 2
    assert "the study has 17 answers, the backup only 0" in capsys.readouterr().err

    whole = call("backup", study, "--out", backup)
    shutil.rmtree(studio / "studies" / study)
    restored = call("restore", backup)
    assert restored == {"study": study, "state": "locked", "answers": 17, "head": whole["head"], "replaced": None}
    assert call("verify", study)["ok"]
    assert main(["study", "restore", str(tmp_path / "none.tar")]) == 2
    assert "none.tar: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_protocol_is_read_as_windows_writes_it(studio, call, tmp_path, encoding):
    path = _write_protocol(tmp_path / "protocol.json")
    path.write_bytes(path.read_text(encoding="utf-8").replace("By command", "Ünal").encode(encoding))
    created = call("create", str(path))
    assert lifecycle.load_protocol(lifecycle.study_folder(created["study"])).title == "Ünal"


@pytest.mark.parametrize(("before", "after"), [("R1", "A,B"), ("R1", "=cmd()"), ("R2", "r1")])
def test_a_readers_code_that_tables_cannot_hold_is_one_line(studio, tmp_path, capsys, before, after):
    path = _write_protocol(tmp_path / "protocol.json")
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    assert main(["study", "create", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: readers: ")
    assert said.count("\n") == 1
    assert after in said


def test_a_copy_has_the_design_another_seed_and_no_names(studio, call, tmp_path):
    values = json.loads(_write_protocol(tmp_path / "p.json").read_text(encoding="utf-8"))
    values["readers"][0]["name"] = "Ann Example"
    (tmp_path / "p.json").write_text(json.dumps(values), encoding="utf-8")
    study = call("create", str(tmp_path / "p.json"))["study"]
    copied = call("create", "--copy", study)
    assert copied["state"] == "draft"
    before, after = (lifecycle.load_protocol(lifecycle.study_folder(name)) for name in (study, copied["study"]))
    assert after.seed != before.seed
    assert after == before.again(after.seed)
    assert after.readers[0].name == ""
    call("lock", copied["study"])
    assert call("verify", copied["study"])["ok"]


def test_copying_nothing_or_two_things_is_one_line(studio, tmp_path, capsys):
    path = str(_write_protocol(tmp_path / "p.json"))
    for argv, said in (
        (["--copy", "0000"], "no such study"),
        ([path, "--copy", "0000"], "got PROTOCOL.json and --copy"),
    ):
        assert main(["study", "create", *argv]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
