"""Files of a machine's scores: what is read, what is refused in one line, and the machine beside the readers."""

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.measures.accuracy import roc_area
from brainlab.reading.statistics.paired.machine_scores import MachineReader, check_names, read_machine_scores
from brainlab.reading.statistics.study_statistics import study_statistics
from tests.measures.published_readings import roe_metz_machine
from tests.reading.statistics.paired.test_comparisons import generators

ANSWERS = pd.DataFrame(
    {"reader": ["R1"] * 4, "case": ["01", "1", "c", "p"], "answer": "real", "phase": ["main"] * 3 + ["practice"]}
)


def read(text: str, name: str = "my net.csv"):
    return read_machine_scores(text.encode(), ANSWERS, name)


@pytest.mark.parametrize(
    "text",
    [
        "case,score\n01,0.5\n1,-2\nc,1e3\n",
        "Score,Case\n0.5,01\n-2,1\n1000,c\n",
        "case;score\n01;0,5\n1;-2,0\nc;1000,0\n",
        '\ufeffcase,score,reader\n="01",0.5,my net\n1,-2,my net\nc,1000,my net\n',
    ],
    ids=["plain", "other order", "semicolons and decimal commas", "Excel, with the machine's name"],
)
def test_scores_are_read_as_spreadsheets_write_them(text):
    (machine,), _ = read(text)
    assert machine == MachineReader("my net", {"01": 0.5, "1": -2.0, "c": 1000.0})
    assert machine.of(["c", "01"]).tolist() == [1000, 0.5]


def test_several_machines_in_one_file_and_practice_cases_left_out():
    rows = "".join(f"{case},{who},{score}\n" for who, score in (("a", 1), ("b", 2)) for case in ("01", "1", "c"))
    machines, notes = read(f"case,reader,score,comment\n{rows}p,a,9,!\n")
    assert [(machine.name, machine.scores["c"]) for machine in machines] == [("a", 1), ("b", 2)]
    assert "columns of other names left out: comment" in notes
    assert "a: 1 practice case left out" in notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "case and score"),
        ("case,score\n", "one row a case; got no rows"),
        ("case,value\n01,1\n", "score missing in line 1"),
        ("case,score\n01,1\n1,2\n", "needs a score of each of the 3 cases, got none of c from 'my net'"),
        ("case,score\n01,1\n1,2\nc,3\nx,4\ny,5\n", "lines 5 and 6: no such case in the study: x and y"),
        ("case,score\n01,1\n1,2\nc,3\n1,4\n", "lines 3 and 5: case 1 has two scores; keep one"),
        ("case,score\n01,1\n1,high\nc,3\n", "score must be a number such as 3 or 3.5; line 3 has 'high'"),
        ("case,score\n01,1\n1,inf\nc,3\n", "score must be a number such as 3 or 3.5; line 3 has 'inf'"),
        ("case,score\n01,1\n1,\nc,3\n", "line 3: needs a score, got none"),
        ("case,score\n01,1\n,2\nc,3\n", "line 3: needs a case, got none"),
        ("case,score\n01,1\n1,=A1\nc,3\n", "line 3: score needs a value, got a formula"),
        ("case,score,reader\n01,1,R1\n1,2,R1\nc,3,R1\n", "'R1' is a reader of the study"),
        ("case,score\n01,1,2\n", "line 2: needs 2 cells"),
        ("case,score,reader\n" + "".join(f"{c},1,{m}\n" for m in range(21) for c in ("01", "1", "c")), "at most 20 m"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(text, words):
    with pytest.raises(InputError) as caught:
        read(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("my net.csv: ")
    assert "\n" not in str(caught.value)


def test_two_machines_of_one_name_are_refused():
    with pytest.raises(InputError, match="two are called 'a'"):
        check_names([MachineReader("a", {}), MachineReader("b", {}), MachineReader("a", {})])


def machine(table: pd.DataFrame, seed: int = 1) -> MachineReader:
    """A machine that is better than the readers."""
    cases = table.drop_duplicates("case").set_index("case")["truth"]
    noise = np.random.default_rng(seed).normal(size=len(cases))
    return MachineReader("net", dict(zip(cases.index, 2.5 * (cases == "real") + noise, strict=True)))


def test_a_machine_is_compared_over_all_cases_and_by_source():
    table = generators()
    net = machine(table)
    figures = study_statistics(table, machines=[net])
    every, crude, fine = figures["paired"]["machines"]
    assert [entry["source"] for entry in (every, crude, fine)] == ["all", "crude", "fine"]
    assert (every["first"], every["second"], every["n"], fine["n"]) == ("net", "readers", 50, 35)
    (own,) = figures["machine_readers"]
    assert every["first_value"] == pytest.approx(own["auc"]["value"])
    assert fine["first_value"] == pytest.approx(own["per_source"]["fine"]["value"])
    assert every["second_value"] == pytest.approx(figures["all_readers"]["auc"]["value"])
    assert [one["second_value"] for one in every["per_reader"]] == pytest.approx(
        [figures["per_reader"][name]["auc"]["value"] for name in figures["readers"]]
    )
    assert every["other_readers"]["value"] == pytest.approx(every["first_value"] - every["second_value"])


def test_the_machine_of_roe_and_metz_in_a_study_has_rjafrocs_effect():
    positive, scores, readers = roe_metz_machine()
    kept = np.r_[0:60, 200:320]
    ranks = np.argsort(np.argsort(readers[kept], axis=0), axis=0) + 1
    case, reader = np.indices(ranks.shape).reshape(2, -1)
    frame = pd.DataFrame(
        {
            "reader": reader.astype(str),
            "case": case.astype(str),
            "answer": "real",
            "confidence": ranks.ravel(),
            "truth": np.where(positive[kept], "real", "fake")[case],
        }
    )
    net = MachineReader("net", {str(place): float(score) for place, score in enumerate(scores[kept])})
    (entry,) = study_statistics(frame, categories=("fake", "real"), machines=[net])["paired"]["machines"]
    up = positive[kept]
    areas = [roc_area(column[up], column[~up]).value for column in readers[kept].T]
    expected = roc_area(scores[kept][up], scores[kept][~up]).value - np.mean(areas)
    assert entry["other_readers"]["value"] == pytest.approx(expected)


def test_scores_of_any_scale_and_each_case_beside_the_readers():
    table = generators()
    net = machine(table)
    stretched = MachineReader("net", {case: np.exp(3 * score) for case, score in net.scores.items()})
    plain, scaled = (study_statistics(table, machines=[one]) for one in (net, stretched))
    assert plain["paired"] == scaled["paired"]
    row = plain["machine_cases"][0]
    assert (row["case"], row["truth"], row["source"], row["readers"]) == ("00", "real", "people", 3)
    answers = table[table["case"] == "00"]["answer"]
    assert row["called_real"] == (answers == "real").sum()
    assert row["machines"]["net"]["score"] == net.scores["00"]
    shares = [row["machines"]["net"]["share"] for row in plain["machine_cases"]]
    assert (min(shares), max(shares)) == pytest.approx((1 / 50, 1))
    assert [r["machines"]["net"]["share"] for r in scaled["machine_cases"]] == shares


def test_readers_without_confidence_are_not_compared():
    table = generators().drop(columns="confidence")
    every = study_statistics(table, machines=[machine(table)])["paired"]["machines"][0]
    assert every["other_readers"]["value"] is None
    assert "judged with confidence" in every["other_readers"]["reason"]


def test_without_machines_nothing_is_said_of_any():
    figures = study_statistics(generators())
    assert figures["paired"]["machines"] == figures["machine_readers"] == figures["machine_cases"] == []
