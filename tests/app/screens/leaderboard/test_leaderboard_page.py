"""The Leaderboard page without a browser: on odd evaluations, on runs measured apart, and on none."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.data import resources
from app.screens.leaderboard import differences, metric_settings, realism, references, score_table
from app.screens.leaderboard.columns import ALL, KEY, chosen, columns
from app.screens.leaderboard.evaluations import command, read_evaluations
from app.server.access import SIGNED_IN
from brainlab.evaluation.measurement import Parts
from brainlab.evaluation.published import PUBLISHED
from brainlab.runs.evaluation_values import EvaluationValues, write_values

PROJECT = Path(__file__).resolve().parents[4]
COMMON = {
    "data": "held-out",
    "data_sha256": "a" * 64,
    "simulated": True,
    "shape": [40, 48, 40],
    "real_scans": 100,
    "generated": 100,
    "seed": 0,
}
TABS = ("Realism and diversity", "Two runs", "One metric", "Undefined values", "Published tables")


def entry(value, better="higher", **settings):
    wanted = {name: settings.pop(name) for name in ("low", "high") if name in settings}
    return {"value": value, "sd": None, "n": 100, **wanted, "settings": {**COMMON, **settings}, "better": better}


def evaluation(recall=0.5, precision=0.9, auc=0.8, **settings):
    found = {
        "recall": entry(recall),
        "precision": entry(precision),
        "machine_reader_auc": entry(auc, "lower", low=auc - 0.05, high=auc + 0.05),
        "sharpness_generated": entry(5000.0, "none", relative_to_real=0.75),
        "ms_ssim": entry(0.9, "none", real=0.8),
        "nearest_training_distance": entry(0.01, "none", share_copies=0.02, share_copies_held_out=0.001),
        "mse": entry(None, "lower", undefined="the run does not reconstruct images"),
    }
    for one in found.values():
        one["settings"] |= settings
    return found


@pytest.fixture
def write(tiny_workspace, tmp_path, monkeypatch):
    """Return what adds a run to the app's workspace, with an evaluation: a dict, or the text of a damaged file."""
    (tmp_path / "cohorts").symlink_to(tiny_workspace / "cohorts")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")

    def add(name, found=None):
        folder = tmp_path / "runs" / name
        shutil.copytree(tiny_workspace / "runs" / "tiny-vae", folder)
        if found is not None:
            text = found if isinstance(found, str) else json.dumps(found)
            (folder / "evaluation.json").write_text(text, encoding="utf-8")

    return add


@pytest.fixture
def two(write):
    """Make a workspace of two runs that were measured alike."""
    write("first", evaluation(recall=0.5, precision=0.9, auc=0.8))
    write("second", evaluation(recall=0.25, precision=0.95, auc=0.7))


def opened(tab: str = TABS[0]) -> AppTest:
    found = AppTest.from_file(str(PROJECT / "pages" / "leaderboard.py"), default_timeout=120)
    found.session_state[SIGNED_IN] = True
    found.session_state["leaderboard-tabs"] = tab
    found.run()
    assert not found.exception, found.exception
    assert not found.error
    return found


def said(found: AppTest) -> str:
    return "\n".join(caption.value for caption in found.caption)


def evaluations():
    return read_evaluations(resources.runs())


def table(found, group=KEY):
    """Return the table as shown: what is written, and which cells are marked, by short titles."""
    measured = list(found.measured.values())
    shown = [c for c in chosen(columns(measured), group) if score_table.has_values(measured, c)]
    styler = score_table.styled(measured, score_table.group_labels(found.conditions), shown)
    styler._compute()
    frame = styler.data.copy()
    frame.columns = [name for _, name in frame.columns]
    marks = {
        (frame["run"][row], frame.columns[place])
        for (row, place), style in styler.ctx.items()
        if ("font-weight", "bold") in style
    }
    return frame, marks


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(two, tab):
    found = opened(tab)
    assert [one.label for one in found.tabs] == list(TABS)
    assert any("simulated" in html.proto.body for html in found.get("html"))


def test_no_best_value_is_marked_on_few_samples_and_the_page_says_why(write):
    write("first", evaluation(recall=0.5, generated=99))
    write("second", evaluation(recall=0.25, generated=99))
    assert table(evaluations())[1] == set()
    assert "fewer than 100 samples" in said(opened())


def test_the_best_of_runs_measured_alike_is_marked(two):
    frame, marks = table(evaluations())
    assert list(frame["run"]) == ["first", "second"]
    assert marks == {("first", "recall"), ("second", "precision"), ("second", "reader AUC")}
    assert "MSE" not in frame, "a column without any value is left out"


def test_runs_measured_on_other_data_are_in_groups_of_their_own(two, write):
    write("apart", evaluation(recall=0.9, precision=0.99, auc=0.6, data_sha256="b" * 64))
    write("few", evaluation(recall=0.1, precision=0.1, auc=0.9, data_sha256="b" * 64, generated=8))
    found = evaluations()
    frame, marks = table(found)
    assert marks == {("first", "recall"), ("second", "precision"), ("second", "reader AUC")}
    assert frame["measured on"].nunique() == 3
    assert set(frame["measured on"][frame["run"].isin(["first", "second"])]) == {"held-out (3)"}
    page = opened()
    assert "do not compare across" in said(page)
    assert "8 generated images" in said(page)


def test_runs_measured_alike_stand_together(write):
    write("a", evaluation())
    write("b", evaluation(data_sha256="b" * 64))
    write("c", evaluation())
    assert list(table(evaluations())[0]["run"]) == ["a", "c", "b"]


def test_one_group_needs_no_warning(two):
    assert "do not compare across" not in (text := said(opened()))
    assert "fewer than 100 samples" not in text


def test_real_scans_have_a_row_where_the_runs_agree_on_them(two, write):
    frame, _ = table(evaluations(), "diversity")
    assert frame.set_index("run")["MS-SSIM"]["real scans"] == 0.8
    write("third", evaluation() | {"ms_ssim": entry(0.9, "none", real=0.7)})
    assert "real scans" not in set(table(evaluations(), "diversity")[0]["run"])


def test_copies_of_each_run_are_shown_beside_chance(two):
    frame, marks = table(evaluations())
    assert list(frame["copies"]) == [0.02, 0.02]
    assert list(frame["copies, held out"]) == [0.001, 0.001]
    assert not {name for _, name in marks} & {"copies", "copies, held out"}


def test_odd_values_take_no_page_down(two, write):
    odd = evaluation() | {"recall": {"value": "high"}, "precision": {}, "own": entry(3.0, "sideways")}
    write("odd", {name: one for name, one in odd.items() if name != "machine_reader_auc"})
    for tab in TABS:
        page = opened(tab)
        page.segmented_control(key="leaderboard-group").set_value(ALL).run()
        assert not page.exception
    frame, marks = table(evaluations(), ALL)
    assert "own" in frame
    assert not {name for run, name in marks if run == "odd"}
    reasons = metric_settings.reasons(list(evaluations().measured.values()))
    assert any("got 'high'" in reason for reason in reasons["why undefined"])


def test_a_damaged_file_is_named_in_a_line_and_the_others_are_shown(two, write):
    write("cut", '{"mse": ')
    write("infinite", '{"mse": {"value": Infinity}}')
    write("list", "[]")
    page = opened()
    lines = [caption.value for caption in page.caption if "evaluation.json: " in caption.value]
    assert len(lines) == 3
    assert all("run 'brainlab evaluate' again" in line and "\n" not in line for line in lines)
    assert set(page.dataframe[0].value.iloc[:, 0]) == {"first", "second"}


def test_a_run_without_an_evaluation_is_listed_with_what_to_do(two, write):
    write("new run")
    write("empty", {})
    page = opened()
    assert any("Not evaluated: empty, new run." in info.value for info in page.info)
    (code,) = page.code
    assert "runs/empty --data" in code.value
    assert "runs/new run' --data" in code.value, "a path with a space is quoted"
    assert code.value.count("cohorts/simulated") == 2


def test_a_run_that_was_trained_on_since_is_not_ranked(two, write):
    write("other", evaluation(recall=0.99, run_sha256="c" * 64))
    assert "other" not in evaluations().measured
    assert any("Trained on since they were evaluated: other." in info.value for info in opened().info)


def test_without_any_evaluation_published_tables_are_left(write):
    write("new")
    found = opened()
    assert [one.label for one in found.tabs] == ["Published tables"]
    assert len(found.dataframe) == len(PUBLISHED)
    assert said(found).count("Other data, for reference") == len(PUBLISHED)


def test_the_command_names_the_cohort_that_slices_are_cut_from(slice_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", slice_workspace / "no-models")
    assert command(resources.run("slice-vae")).endswith(f"--data {slice_workspace}/cohorts/axial")


def test_the_axes_run_towards_what_is_better(two):
    points, left_out = realism.placed(list(evaluations().measured.values()), "machine_reader_auc", "recall")
    assert not left_out
    figure = realism.figure(points, "machine_reader_auc", "recall", "held-out")
    left, right = figure.layout.xaxis.range
    assert left > 0.85 > 0.65 > right, "lower is better, and intervals are inside"
    assert figure.layout.yaxis.range[0] < figure.layout.yaxis.range[1]
    (trace,) = figure.data
    assert list(trace.text) == ["first", "second"]
    assert list(trace.marker.color) == [0.75, 0.75]
    assert list(trace.error_x.array) == pytest.approx([0.05, 0.05])


def test_a_run_without_a_value_is_named_below_the_figure_and_one_without_sharpness_is_in_it(two, write):
    missing = evaluation() | {"recall": entry(None, undefined="images are all alike")}
    write("flat", missing)
    write("plain", {name: one for name, one in evaluation().items() if name != "sharpness_generated"})
    points, left_out = realism.placed(list(evaluations().measured.values()), "precision", "recall")
    assert left_out == ["flat (Recall undefined, images are all alike)"]
    figure = realism.figure(points, "precision", "recall", "held-out")
    assert [list(trace.text) for trace in figure.data] == [["first", "second"], ["plain"]]
    assert "unknown" in figure.data[1].name
    page = opened()
    assert "Not in the figure: flat" in said(page)
    assert "not enough" in said(page)


def drawn(page):
    """The runs in the figure, and its title."""
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    return {name for trace in figure["data"] for name in trace["text"]}, figure["layout"]["title"]["text"]


def test_the_figure_shows_the_largest_group_alone_until_another_is_chosen(two, write):
    write("apart", evaluation(recall=0.9, shape=[64, 64], data="slices", data_sha256="b" * 64))
    page = opened()
    choice = page.selectbox(key="leaderboard-realism-group")
    assert choice.options == ["slices", "held-out"], "in the order of the table"
    assert drawn(page) == ({"first", "second"}, "Measured on held-out")
    assert "**held-out**: 100 real and 100 generated images of 40 × 48 × 40, seed 0" in said(page)
    choice.set_value("slices").run()
    assert drawn(page) == ({"apart"}, "Measured on slices")
    page.session_state["leaderboard-tabs"] = TABS[1]
    page.run()
    page.session_state["leaderboard-tabs"] = TABS[0]
    page.run()
    assert not page.exception
    assert drawn(page)[0] == {"apart"}, "the choice outlives a look at another tab"


def test_one_group_needs_no_selector(two):
    page = opened()
    assert "leaderboard-realism-group" not in {box.key for box in page.selectbox}
    assert drawn(page) == ({"first", "second"}, "Measured on held-out")


def test_a_group_that_is_no_more_gives_way_to_the_largest(two, write, tmp_path):
    write("apart", evaluation(data="slices", data_sha256="b" * 64))
    page = opened()
    page.selectbox(key="leaderboard-realism-group").set_value("slices").run()
    (tmp_path / "runs" / "apart" / "evaluation.json").write_text(json.dumps(evaluation(seed=1)), encoding="utf-8")
    page.run()
    assert not page.exception
    assert drawn(page)[0] == {"first", "second"}


def test_a_score_of_other_images_than_its_run_s_others_is_not_drawn(two, write):
    odd = evaluation() | {"recall": entry(0.9, generated=8)}
    write("odd", odd)
    page = opened()
    assert drawn(page)[0] == {"first", "second"}
    assert "Not in the figure: odd (Recall not measured on these images)" in said(page)


def test_the_first_axis_is_one_that_tells_runs_apart(write):
    write("first", evaluation(auc=1.0, precision=0.9))
    write("second", evaluation(auc=0.999, precision=0.5))
    measured = list(evaluations().measured.values())
    assert realism.told_apart(measured, realism.REALISM)[0] == "precision"
    assert realism.told_apart(measured[:1], realism.REALISM)[0] == "machine_reader_auc"


def with_errors(write, name, errors):
    """Add a run whose reconstructions err so on 40 scans of 20 people, with the values of single images."""
    found = evaluation() | {"mse": entry(float(errors.mean()), "lower")}
    write(name, found)
    run = resources.run(name)
    values = EvaluationValues(np.arange(40), np.repeat(np.arange(20), 2), {"mse": Parts(errors, "real")})
    write_values(run.evaluation_file, values)


def differences_of(page):
    return page.dataframe[-1].value.set_index("metric")


def test_two_runs_are_compared_and_a_lead_is_named_only_beyond_chance(write):
    hard = np.random.default_rng(0).random(40)
    noise = np.random.default_rng(1).normal(size=(2, 40))
    for name, errors in (("a", hard), ("b", hard + 0.1 + 0.01 * noise[0]), ("c", hard + 0.05 * noise[1])):
        with_errors(write, name, errors)
    page = opened("Two runs")
    shown = differences_of(page)
    assert list(shown.columns) == ["a", "b", "difference", "95% interval", "better", "n"]
    row = shown.loc["Mean squared error"]
    assert (row["better"], row["n"]) == ("a", "100 (20 people)")
    low, high = row["95% interval"].split(" to ")
    assert float(low) < float(row["difference"]) < float(high) < 0
    assert shown.loc["Recall", "95% interval"] == "–"
    page.selectbox(key="leaderboard-second").set_value("c").run()
    assert differences_of(page).loc["Mean squared error", "better"] == ""


def test_runs_without_values_of_single_images_are_to_be_evaluated_again(two):
    page = opened("Two runs")
    assert said(page).count("No intervals.") == 2
    assert "run 'brainlab evaluate' again" in said(page)
    assert set(differences_of(page)["better"]) == {""}


def test_only_runs_measured_alike_are_offered(two, write):
    write("apart", evaluation(seed=1))
    groups = differences.partners(list(evaluations().measured.values()))
    assert groups == {"first": ["second"], "second": ["first"]}


def test_a_run_alone_has_no_partner(write):
    write("alone", evaluation())
    assert any("No two runs were measured alike" in info.value for info in opened("Two runs").info)


def test_one_metric_tells_its_caution_and_every_setting_of_each_run(two):
    page = opened("One metric")
    page.selectbox(key="leaderboard-metric").set_value("machine_reader_auc").run()
    settings = page.dataframe[-1].value.set_index("setting")
    assert settings.loc["95% interval", "first"] == "0.750 to 0.850"
    assert settings.loc["seed", "second"] == "0"
    (score,) = [one for one in evaluations().measured["first"].scores.values() if one.metric == "recall"]
    text = metric_settings.described("recall", [score])
    assert "Naeem" in text
    assert "Higher is better." in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (256.0, "256"), (1.0, "1.00"), (0.99972, "1.000"), (0.0032449, "0.00324")),
        *((24.948, "24.9"), (5903.68, "5,904"), (2e-7, "2.00e-07"), (-0.5, "-0.500"), (1e300, "1.00e+300")),
    ],
)
def test_values_are_rounded_to_what_counts(value, text):
    assert score_table.rounded(value) == text


def test_a_published_table_keeps_what_was_printed():
    shown = references.printed(PUBLISHED[0])
    assert list(shown.columns) == ["model", "similarity", "ISD", "min. ISD", "sharpness"]
    assert list(shown.iloc[3]) == ["IntroVAE", "0.0478", "0.0432", "0.0009", "1,514 ± 560"]
