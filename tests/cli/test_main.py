"""The command line's manners: one-line errors, exit codes, JSON alone on stdout."""

import argparse
import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brainlab.cli import COMMANDS, main
from brainlab.errors import InputError
from brainlab.experiments.export import whole_folder


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_tells_every_default(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsers: list[argparse.ArgumentParser] = []

    def keep(parser: argparse.ArgumentParser, *_: object) -> None:
        parsers.append(sub_commands(parser)[command])
        raise SystemExit

    def sub_commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        return {name: step for group in groups for name, step in group.choices.items()}

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", keep)
    with pytest.raises(SystemExit):
        main([command])
    (own,) = parsers
    actions = [action for parser in [own, *sub_commands(own).values()] for action in parser._actions]
    flags = [one for one in actions if one.option_strings and one.nargs != 0 and not one.required]
    # None, an empty list and an empty text say that nothing was given.
    told = {one.option_strings[0]: one.help or "" for one in flags if one.default not in (None, [], "")}
    assert [name for name, text in told.items() if "default" not in text] == []


@pytest.mark.parametrize(
    "argv",
    [
        ["prepare", "no-such-folder", "out", "--recipe", "flair-40"],
        ["audit", "no-such-folder"],
        ["train", "vae-8", "--data", "no-such-folder", "--out", "run"],
        ["train", "no-such-preset", "--data", "no-such-folder", "--out", "run"],
        ["sample", "no-such-run", "out", "--n", "1", "--seed", "1"],
        ["lda", "no-such-run", "--data", "no-such-folder"],
        ["simulate", "out", "--participants", "0", "--seed", "1"],
        ["simulate", "out", "--participants", "1", "--seed", "1", "--classes", "leuko1", "--acquisition-bias", "seed"],
        ["prepare", "here", "out", "--recipe", "flair-40", "--jobs", "2", "--scheduler", "tcp://here:1"],
        ["study", "status", "no-such-study"],
        ["no-such-command"],
        ["train"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_exit_2(
    argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    try:
        code = main(argv)
    except SystemExit as stop:
        code = int(stop.code or 0)
    printed = capsys.readouterr()
    assert code == 2
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "; free some and run again"),
        (errno.EROFS, "; choose a place that can be written to"),
        (errno.EACCES, "; change the permissions or choose another place"),
        (errno.EIO, ""),
    ],
)
def test_what_the_system_refuses_is_one_line_with_the_path(
    number: int, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("brainlab.cohort.bids_writer.write_bytes", refuse)
    assert main(["simulate", str(tmp_path / "out"), "--participants", "1", "--seed", "1"]) == 2
    kept = "; people who are finished are kept"
    assert capsys.readouterr().err == f"error: {tmp_path / 'out'}: {os.strerror(number)}{advice}{kept}\n"


def test_json_is_the_only_thing_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    ratings = tmp_path / "ratings.csv"
    ratings.write_text(
        "reader,case,answer,truth\na,1,real,real\nb,1,real,real\na,2,fake,fake\nb,2,real,fake\n", encoding="utf-8"
    )
    assert main(["study", "stats", str(ratings), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) >= {"cohens_kappa", "per_reader"}


ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_on_one_line_and_leaves_its_folder_as_it_was(
    number: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        with whole_folder(tmp_path / "out", "work", overwrite=False) as scratch:
            (scratch / "half").touch()
            os.kill(os.getpid(), number)
            time.sleep(30)  # which a signal ends, however late it is heard of

    # A suite that runs in the background was told to ignore some.
    before = [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]
    kept = [signal.signal(one, as_usual) for one, as_usual in zip(ASKING, before, strict=True)]
    monkeypatch.setattr("brainlab.cli.cohort.audit.run", stopped)
    try:
        assert main(["audit", "here"]) == code
        assert capsys.readouterr() == ("", "interrupted\n")
        assert not (tmp_path / "out").exists()
        assert before == [signal.getsignal(one) for one in ASKING]
    finally:
        for one, handler in zip(ASKING, kept, strict=True):
            signal.signal(one, handler)


def test_a_signal_that_is_ignored_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        monkeypatch.setattr("brainlab.cli.cohort.audit.run", lambda _: os.kill(os.getpid(), signal.SIGHUP) or {})
        assert main(["audit", "here"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


FORGED = "a\x1b[31m\r\nwarning  forged\u202e\udcff.nii"
SHOWN = r"a\x1b[31m\r\nwarning  forged\u202e\udcff.nii"


@pytest.mark.parametrize("result", [{"lines": ["first", f"second\t{FORGED}"]}, {"first": 1, "second": FORGED}])
def test_what_a_result_quotes_neither_breaks_its_line_nor_steers_the_terminal(
    result: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("brainlab.cli.cohort.audit.run", lambda _: dict(result))
    assert main(["audit", "here"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("first")
    assert second in (f"second\t{SHOWN}", f"second: {SHOWN}")


@pytest.mark.parametrize(
    "raised",
    [InputError(f"{FORGED}: is damaged"), OSError(errno.EACCES, "is damaged", FORGED), SystemExit(2)],
    ids=lambda one: type(one).__name__,
)
def test_what_an_error_quotes_neither_breaks_its_line_nor_steers_the_terminal(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise raised

    monkeypatch.setattr("brainlab.cli.cohort.audit.run", refuse)
    if isinstance(raised, SystemExit):  # of an argument
        with pytest.raises(SystemExit):
            main(["audit", "here", FORGED])
    else:
        assert main(["audit", "here"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert SHOWN in line


def test_names_of_files_are_shown_as_they_are_with_their_control_signs_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of scans, whose notes go to stdout, and to stderr before hours of work."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sub-01_x\x1b[2J\nwarning  forged_FLAIR.nii").write_bytes(b"no image")
    assert main(["scans", str(tmp_path / "in")]) in (0, 2)
    assert main(["prepare", str(tmp_path / "in"), str(tmp_path / "out"), "--recipe", "flair-40"]) == 2
    printed = "".join(capsys.readouterr())
    assert "\x1b" not in printed
    assert "\nwarning  forged" not in printed
    assert r"x\x1b[2J\nwarning  forged_FLAIR.nii" in printed


@pytest.mark.parametrize(("closed", "told"), [("1", b"error: standard output is closed; "), ("2", b"")])
def test_closed_output_is_one_line_and_closed_errors_are_none(closed: str, told: bytes, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m brainlab presets {closed}>&-"
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    assert ended.returncode == (2 if closed == "1" else 0)
    assert ended.stderr.startswith(told)
    assert ended.stderr.count(b"\n") == (closed == "1")
    assert (b"vae-8" in ended.stdout) == (closed == "2")


def test_fewer_people_than_a_simulation_holds_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = {"participants": 8, "scans": 8, "seconds": 0.1}
    monkeypatch.setattr("brainlab.simulation.cohort.simulate_cohort", lambda *_, **__: dict(done))
    assert main(["simulate", str(tmp_path), "--participants", "8", "--seed", "1"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["simulate", str(tmp_path), "--participants", "3", "--seed", "1"]) == 0
    earlier = "8 participants there from an earlier call, more than the 3 asked for; all stay"
    assert capsys.readouterr().err == f"warning  {tmp_path}: {earlier}\n"
