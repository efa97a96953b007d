"""`import brainlab`: the names that a script needs, loaded when first used."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import brainlab

PROJECT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "monai", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "streamlit")


def test_importing_brainlab_loads_no_heavy_library():
    code = f"import sys, brainlab; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", brainlab.__all__)
def test_every_public_name_loads_and_is_listed(name):
    assert getattr(brainlab, name) is not None
    assert name in dir(brainlab)


@pytest.mark.parametrize("name", brainlab._PUBLIC)
def test_every_public_name_has_a_docstring(name):
    assert getattr(brainlab, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = brainlab.nothing


def test_type_checkers_see_the_same_names_from_the_same_modules():
    tree = ast.parse((PROJECT / "brainlab" / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            seen |= {alias.asname: f"{node.module}:{alias.name}" for alias in node.names}
    assert seen == {name: place for name, place in brainlab._PUBLIC.items() if name != "open_cohort"}
    assert ast.unparse(block.body[-1]) == "open_cohort = PreparedDataset.open"


def test_every_public_name_is_in_the_documentation():
    text = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in brainlab._PUBLIC if f"brainlab.{name}" not in text]
    assert not missing


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("brainlab.open_cohort('nowhere')", "nowhere: not a prepared dataset"),
        ("brainlab.load_run('nowhere')", "nowhere: not a run folder"),
        ("brainlab.find_scans('nowhere', 'flair-40')", "nowhere: no such file or folder"),
        ("brainlab.find_scans('.', 'nothing')", "nothing"),
        ("brainlab.read_ratings('nowhere.csv')", "nowhere.csv"),
        ("brainlab.study_folder('nowhere')", "nowhere: no such study"),
    ],
)
def test_paths_may_be_text_and_errors_name_them(code, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    with pytest.raises((brainlab.InputError, OSError), match=says):
        eval(code)


def test_a_script_outside_the_checkout_needs_no_checkout_to_import(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    code = "from brainlab import Protocol, InputError; print(Protocol.__name__)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    assert (result.stdout.strip(), result.stderr) == ("Protocol", "")
