"""EDSS is read from a table, from a BIDS dataset, or from scans.tsv."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.experiments.myelin.clinical_scores import edss_at, scores_of
from brainlab.experiments.myelin.visits import PetVisits, Visit
from tests.experiments.myelin.hand_made import cohort, write


@pytest.fixture
def pet(tmp_path):
    write(tmp_path / "data", cohort()[2:5])
    return PetVisits.open(tmp_path / "data")


def visit(participant, session):
    return Visit(0, participant, session, "ms", np.nan, None)


def test_a_table_gives_the_score_of_each_visit_or_of_a_person(pet, tmp_path):
    table = tmp_path / "edss.csv"
    table.write_text(
        "participant_id,session,EDSS\nsub-m0,ses-01,3.5\nsub-m0,ses-02,n/a\nsub-m1,,6\nelse,ses-01,0\n",
        encoding="utf-8",
    )
    scores = scores_of(pet, table)
    assert edss_at(scores, visit("sub-m0", "ses-01")) == 3.5
    assert edss_at(scores, visit("sub-m0", "ses-02")) is None
    assert edss_at(scores, visit("sub-m1", "ses-07")) == 6


def test_a_dataset_gives_the_scores_of_its_sessions_tables(pet, tmp_path):
    for name, text in (
        ("sub-m0", "session_id\tage\tedss\nses-01\t50\t4.5\n"),
        ("sub-h2", "session_id\tage\nses-01\t50\n"),
    ):
        (tmp_path / "bids" / name).mkdir(parents=True)
        (tmp_path / "bids" / name / f"{name}_sessions.tsv").write_text(text, encoding="utf-8")
    assert scores_of(pet, tmp_path / "bids") == {("sub-m0", "ses-01"): 4.5}


def test_the_datasets_own_table_is_taken_where_none_is_named(pet, tmp_path):
    scores = scores_of(pet, None)
    assert scores[("sub-m0", "ses-01")] == cohort()[3].edss
    assert ("sub-h2", "ses-01") not in scores
    write(tmp_path / "other", cohort()[2:5], with_edss=False)
    assert scores_of(PetVisits.open(tmp_path / "other"), None) == {}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("participant,session,score\nsub-m0,ses-01,3\n", "needs the columns participant, session and edss, got"),
        ("session,edss\nses-01,3\n", "needs the columns participant, session and edss"),
        ("participant,session,edss\nsub-m0,ses-01,11\n", "line 2: needs an edss from 0 to 10, got '11'"),
        ("participant,session,edss\nsub-m0,ses-01,bad\n", "line 2: needs an edss from 0 to 10, got 'bad'"),
        (
            "participant,session,edss\nsub-m0,ses-01,3\nsub-m0,ses-01,4\n",
            "lines 2 and 3: needs one edss of sub-m0 ses-01",
        ),
        ("participant,session,edss\nm0,1,3\n", "needs an edss of a visit such as sub-m1_ses-01, got none"),
        (None, "needs a table, or a folder with"),
    ],
)
def test_tables_that_say_nothing_are_refused(text, part, pet, tmp_path):
    table = tmp_path / "edss.csv"
    if text is not None:
        table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=part):
        scores_of(pet, table)
