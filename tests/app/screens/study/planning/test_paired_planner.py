"""What a comparison will take, on the desk."""

from tests.app.screens.study.test_study_desk import open_desk, press


def test_the_planner_says_what_a_comparison_would_take(studies):
    page = open_desk()
    told = [markdown.value for markdown in page.markdown if "power **" in markdown.value]
    assert len(told) == 1
    assert told[0].startswith("These 2 readers, 10 real and 5 generated cases of each source")
    press(page, "How many readers and cases?")
    table = next(frame.value for frame in page.dataframe if "precision" in frame.value)
    assert table["readers"].tolist() == ["2", "3", "4", "5", "6", "8", "10"]
    assert int(table["real"].iloc[-1]) < int(table["real"].iloc[2])
