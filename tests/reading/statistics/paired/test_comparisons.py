"""Two generators or two conditions that the same readers judged: published figures, and what pairs with what."""

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.measures.accuracy import roc_area
from brainlab.reading.statistics.answers import by_condition
from brainlab.reading.statistics.ratings import read_ratings
from brainlab.reading.statistics.study_statistics import study_statistics
from tests.measures.published_readings import van_dyke


def van_dyke_table() -> pd.DataFrame:
    """Van Dyke's ratings as answers under two conditions: 1 to 3 'fake' with confidence 3 to 1, 4 and 5 'real'."""
    abnormal, normal = van_dyke()
    ratings = np.concatenate([abnormal, normal])
    case, reader, condition = np.indices(ratings.shape).reshape(3, -1)
    rating = ratings.ravel()
    return pd.DataFrame(
        {
            "reader": [f"R{number + 1}" for number in reader],
            "case": [f"{number:03d}" for number in case],
            "condition": np.array(["spin echo", "cine"])[condition],
            "answer": np.where(rating > 3, "real", "fake"),
            "confidence": np.where(rating > 3, rating - 3, 4 - rating),
            "truth": np.where(case < 45, "real", "fake"),
        }
    )


def generators(seed: int = 0, readers: int = 3, **columns) -> pd.DataFrame:
    """Twenty real cases and fifteen each of two generators, the second of which deceives more often."""
    random = np.random.default_rng(seed)
    source = np.repeat(["people", "crude", "fine"], [20, 15, 15])
    truth = np.where(source == "people", "real", "fake")
    level = pd.Series(source).map({"people": 1.0, "crude": -1.5, "fine": 0.5}).to_numpy()
    rows = []
    for number in range(readers):
        sense = level + random.normal(size=50)
        rows.append(
            pd.DataFrame(
                {
                    "reader": f"R{number + 1}",
                    "case": [f"{case:02d}" for case in range(50)],
                    "answer": np.where(sense > 0, "real", "fake"),
                    "confidence": 1 + np.digitize(np.abs(sense), [0.5, 1.0, 1.5]),
                    "truth": truth,
                    "source": source,
                    **columns,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def test_van_dyke_through_a_file_gives_the_published_test(tmp_path):
    path = tmp_path / "van dyke.csv"
    van_dyke_table().to_csv(path, index=False)
    frame, notes = read_ratings(path)
    assert notes == []
    (area, accuracy) = study_statistics(frame)["paired"]["conditions"]
    assert (area["first"], area["second"], area["figure"], area["n"]) == ("spin echo", "cine", "auc", 114)
    assert (area["first_value"], area["second_value"]) == pytest.approx((0.89704, 0.94084), abs=5e-6)
    test = area["other_readers"]
    assert test["value"] == pytest.approx(-0.0438, abs=5e-5)
    assert (test["low"], test["high"]) == pytest.approx((-0.087852, 0.0002513), abs=5e-7)
    assert (test["df"], test["p"], test["p_holm"]) == pytest.approx((15.034, 0.051162, 0.051162), abs=5e-4)
    assert area["caution"] is None
    single = [entry["value"] for entry in area["per_reader"]]
    assert single == pytest.approx([-0.02818, -0.04654, -0.01787, -0.02625, -0.10016], abs=5e-6)
    assert accuracy["figure"] == "accuracy"


def test_figures_beside_the_comparison_are_of_the_first_condition():
    table = van_dyke_table()
    figures = study_statistics(table)
    alone = study_statistics(table[table["condition"] == "spin echo"])
    assert figures["per_reader"] == alone["per_reader"]
    assert [part["condition"] for part in figures["conditions"]] == ["spin echo", "cine"]
    assert figures["conditions"][0]["per_reader"] == alone["per_reader"]
    assert alone["conditions"] == alone["paired"]["conditions"] == []


def test_a_condition_of_the_cases_is_no_condition_of_reading():
    table = generators().assign(condition=lambda rows: np.where(rows["case"] < "10", "ms", "healthy"))
    assert list(by_condition(table)) == [""]
    assert study_statistics(table)["cases"] == 50
    _, notes = read_ratings(table.to_csv(index=False).encode(), "mine.csv")
    assert notes == ["condition: no reader judged a case under two; left out"]


def test_a_row_without_its_condition_is_refused():
    table = van_dyke_table()
    table.loc[7, "condition"] = None
    with pytest.raises(InputError, match="every row needs a condition; line 7 has none"):
        study_statistics(table)


def test_one_code_of_a_reader_may_answer_a_case_under_each_condition():
    rows = "".join(f"{who},1,{how},real,real\nR2,2,{how},fake,fake\n" for who, how in (("R1", "a"), ("r1", "b")))
    frame, _ = read_ratings(f"reader,case,condition,answer,truth\n{rows}".encode(), "mine.csv")
    assert set(frame["reader"]) == {"R1", "R2"}


def test_generators_share_real_cases_and_readers():
    table = generators()
    area, called = study_statistics(table)["paired"]["sources"]
    assert (area["first"], area["second"], area["n"]) == ("crude", "fine", 50)
    assert area["other_readers"]["value"] > 0.2
    assert called["other_readers"]["value"] < -0.2
    assert (called["figure"], called["n"], called["readers"]) == ("called_real", 30, 3)
    assert "With 3 readers, the interval for other readers is uncertain" in called["caution"]
    score = table["confidence"] * np.where(table["answer"] == "real", 1, -1)
    first = table["reader"] == "R1"
    parts = [score[first & (table["source"] == name)] for name in ("people", "crude", "fine")]
    areas = [roc_area(parts[0], fakes).value for fakes in parts[1:]]
    one = area["per_reader"][0]
    assert (one["first_value"], one["second_value"]) == pytest.approx(areas)
    assert one["value"] == pytest.approx(areas[0] - areas[1])
    means = [np.mean([reader[side] for reader in area["per_reader"]]) for side in ("first_value", "second_value")]
    assert means == pytest.approx([area["first_value"], area["second_value"]])


def test_pairs_are_in_the_order_of_the_rows_whatever_the_cases_are_called():
    table = generators()
    turned = table.assign(case=table["case"].map(lambda case: f"{99 - int(case)}"))
    area = study_statistics(turned)["paired"]["sources"][0]
    assert (area["first"], area["second"]) == ("crude", "fine")


def test_without_confidence_the_share_called_real_is_left():
    entries = study_statistics(generators().drop(columns="confidence"))["paired"]["sources"]
    assert [entry["figure"] for entry in entries] == ["called_real"]


def test_a_generator_against_itself_differs_in_nothing():
    table = generators()
    crude = table[table["source"] == "crude"]
    twin = crude.assign(source="twin", case="t" + crude["case"])
    whole = pd.concat([table[table["source"] == "people"], crude, twin])
    for entry in study_statistics(whole)["paired"]["sources"]:
        assert entry["other_readers"]["value"] == 0
        assert entry["these_readers"]["low"] < 0 < entry["these_readers"]["high"]
        assert entry["other_readers"]["p"] in (None, 1)


def test_several_pairs_are_adjusted_within_a_figure():
    table = generators()
    third = generators(1).query("source == 'fine'").assign(source="third", case=lambda rows: "t" + rows["case"])
    entries = study_statistics(pd.concat([table, third]))["paired"]["sources"]
    for figure in ("auc", "called_real"):
        tests = [entry["other_readers"] for entry in entries if entry["figure"] == figure]
        assert len(tests) == 3
        least = min(tests, key=lambda test: test["p"])
        assert least["p_holm"] == pytest.approx(min(1, 3 * least["p"]))
        assert all(test["p_holm"] >= test["p"] for test in tests)


def test_a_case_that_one_reader_left_out_counts_for_the_others():
    table = generators()
    table.loc[(table["reader"] == "R2") & (table["case"] == "25"), "answer"] = None
    _, called = study_statistics(table)["paired"]["sources"]
    assert called["n"] == 30
    without = table[(table["reader"] == "R2") & (table["source"] == "crude") & table["answer"].notna()]
    (second,) = (entry for entry in called["per_reader"] if entry["reader"] == "R2")
    assert second["first_value"] == pytest.approx((without["answer"] == "real").mean())


def test_a_reader_of_too_few_cases_leaves_a_comparison_undefined():
    table = generators()
    table.loc[(table["reader"] == "R2") & (table["source"] == "crude") & (table["case"] != "25"), "answer"] = None
    area, called = study_statistics(table)["paired"]["sources"]
    assert area["other_readers"]["value"] is called["other_readers"]["value"] is None
    assert "each reader" in called["other_readers"]["reason"]


def test_one_reader_has_an_interval_and_no_test():
    area, _ = study_statistics(generators(readers=1))["paired"]["sources"]
    assert area["these_readers"]["low"] is not None
    assert (area["other_readers"]["p"], area["other_readers"]["low"]) == (None, None)
    assert "one reader" in area["other_readers"]["reason"]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (generators().query("source != 'fine' or case == '49'"), "needs two cases of each source"),
        (generators().query("source != 'people' or case == '01'"), None),
    ],
)
def test_too_few_cases_are_undefined_with_the_reason(table, reason):
    area, called = study_statistics(table)["paired"]["sources"]
    assert area["other_readers"]["value"] is None
    assert "each reader judged with confidence" in area["other_readers"]["reason"]
    assert (called["other_readers"]["value"] is None) == (reason is not None)
    if reason:
        assert reason in called["these_readers"]["reason"]


def test_conditions_compare_the_cases_and_readers_of_both_alone():
    table = van_dyke_table()
    less = table[~((table["condition"] == "cine") & ((table["reader"] == "R5") | (table["case"] > "100")))]
    area, _ = study_statistics(less)["paired"]["conditions"]
    assert (area["readers"], area["n"]) == (4, 101)
    assert [entry["reader"] for entry in area["per_reader"]] == ["R1", "R2", "R3", "R4"]


def test_no_comparison_without_truth_or_with_grades():
    assert study_statistics(generators().drop(columns="truth"))["paired"]["sources"] == []
    graded = generators().assign(answer="2")
    assert study_statistics(graded)["paired"]["sources"] == []
