"""What pages find in the workspace, and in which order."""

from types import SimpleNamespace

import pytest

from app.data import resources


def test_cohorts_of_the_run_s_own_recipe_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of T1-weighted and of diffusion-weighted scans may have the same shape."""
    data = {name: SimpleNamespace(name=name, recipe={"name": recipe}) for name, recipe in (("a", "dwi"), ("b", "ixi"))}
    monkeypatch.setattr(resources, "cohorts", lambda: data)
    for recipe, order in (("dwi", ["a", "b"]), ("ixi", ["b", "a"]), ("other", ["a", "b"])):
        run = SimpleNamespace(
            name="run", settings={"recipe": {"name": recipe}}, see=lambda one: one, fits=lambda _: True
        )
        assert list(resources.fitting(run)) == order


def test_all_that_ships_can_be_opened_and_what_is_no_run_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    assert resources.unopened_runs() == []
