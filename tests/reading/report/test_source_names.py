"""Sources in print: folders by their own names, told apart where these are the same."""

import pandas as pd
import pytest

from brainlab.reading.report.html_file import report_html
from brainlab.reading.report.source_names import short_names, with_short_names
from brainlab.reading.report.study_report import report_from_answers


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["people", "vae-8"], {}),
        (["data/default/cohorts/simulated", "/home/ann/theirs"], ["simulated", "theirs"]),
        (["/data/a/fakes", "/data/b/fakes", "fakes"], ["a/fakes", "b/fakes"]),
        (["/x/model", "model"], ["x/model"]),
        (["C:\\Users\\ann\\theirs", "people"], ["theirs"]),
        (["a/b", "/a/b", "b"], ["a/b", "/a/b"]),
        (["models/vae", "models/vae-8"], ["vae", "vae-8"]),
    ],
)
def test_a_folder_is_called_by_as_much_as_tells_it_from_the_others(names, short):
    found = short_names(names)
    assert list(found.values()) == list(short)
    final = [found.get(name, name) for name in names]
    assert len(set(final)) == len(names)


def test_print_has_no_paths_and_the_report_itself_keeps_them():
    rows = [
        {
            "reader": reader,
            "case": str(case),
            "answer": "real" if case % 3 else "fake",
            "truth": "real" if case < 10 else "fake",
            "source": "/home/ann/scans/people" if case < 10 else "/home/ann/models/sharp",
        }
        for case in range(20)
        for reader in ("R1", "R2")
    ]
    report = report_from_answers(pd.DataFrame(rows))
    assert "/home/ann/models/sharp" in report["per_source"]["R1"]
    words = report_html(report)
    assert "/home/ann" not in words
    assert "sharp" in words
    assert "people" in words
    assert report["sources"] == ["/home/ann/scans/people", "/home/ann/models/sharp"]


def test_longer_names_are_not_cut_by_shorter_ones():
    report = {"sources": ["models/vae", "models/vae-8"], "summary": ["models/vae-8 against models/vae"]}
    assert with_short_names(report)["summary"] == ["vae-8 against vae"]
