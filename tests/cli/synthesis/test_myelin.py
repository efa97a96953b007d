"""`brainlab myelin` prints what the report holds, and refuses in one line."""

import json

import pytest

from brainlab.cli import main
from tests.experiments.myelin.hand_made import write, write_synthesised


def test_the_report_is_printed_as_json_and_as_text(tmp_path, capsys):
    write(tmp_path / "data", with_edss=False)
    folder = write_synthesised(tmp_path / "made", blunder=(1, 30))
    table = tmp_path / "edss.tsv"
    rows = [f"sub-m{number}\tses-01\t{2 + number % 4}" for number in range(8)]
    table.write_text("\n".join(["participant\tsession\tedss", *rows]) + "\n", encoding="utf-8")
    words = ["myelin", str(tmp_path / "data"), "--synthesised", str(folder), "--clinical", str(table)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {
        "simulated", "controls", "patients", "left_out", "groups", "regression", "dice", "bland_altman", "warnings"
    }  # fmt: skip
    row = next(row for row in found["patients"] if row["participant"] == "sub-m1")
    assert (row["edss"], row["true"]["dynamic_remyelination"]["voxels"]) == (3, 11)
    assert main(words) == 0
    text = capsys.readouterr().out
    assert text.startswith("9 SIMULATED patients; normal myelin from 3 controls (healthy)\n")
    assert "EDSS on dynamic_remyelination of synthesised PET\n  term" in text
    assert "EDSS on dynamic_remyelination of synthesised PET, calibrated on true PET\n" in text
    assert "left out  sub-v1: one visit only" in text
    line = next(line for line in text.splitlines() if line.startswith("sub-m1 ") and "synthesised" in line)
    assert f"{row['synthesised']['dynamic_remyelination']['value']:.3f}" in line.split()


def test_a_regression_is_a_table_with_a_line_a_term_and_says_who_is_left_out(tmp_path, capsys):
    write(tmp_path / "data")
    words = ["myelin", str(tmp_path / "data"), "--log-load"]
    assert main([*words, "--json"]) == 0
    terms = json.loads(capsys.readouterr().out)["regression"]["true"]["dynamic_remyelination"]["terms"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("EDSS on dynamic_remyelination of true PET")
    for line, term in zip(lines[start + 2 :], terms, strict=False):
        assert line.split()[:2] == [term["name"], f"{term['coefficient']:.4g}"]
    assert f"{terms[1]['standardised_beta']:.3f}" in lines[start + 3].split()
    assert terms[4]["name"] == "ln_lesion_load_ml"
    assert lines[start + 7].startswith("  n = 8, R squared ")
    assert lines[start + 7].endswith("; 1 left out (missing: edss of 1)")


def test_a_regression_that_cannot_be_gives_its_reason(tmp_path, capsys):
    write(tmp_path / "data", with_edss=False)
    assert main(["myelin", str(tmp_path / "data")]) == 0
    assert "of true PET\n  none: no patient has an edss; name a table with --clinical" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (
            ["--controls", "hc"],
            "needs people of class hc as controls, got healthy, leuko1, ms; name theirs with --controls",
        ),
        (["--synthesised", "nowhere"], "nowhere: needs a folder of synthesised images"),
        (["--clinical", "nowhere"], "nowhere: needs a table, or a folder with"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_code_two(words, part, tmp_path, capsys):
    write(tmp_path / "data")
    assert main(["myelin", str(tmp_path / "data"), *words]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("error: ")
    assert part in said
    assert said.count("\n") == 1
