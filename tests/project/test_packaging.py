"""What the package declares is what its code imports, and the wheel carries the app where `brainlab app` looks."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from brainlab import __version__, workspace

PROJECT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = SETTINGS["project"]["optional-dependencies"]


def distribution(requirement):
    """Return the name in `streamlit[auth]>=1.67` or `torch==2.13.0`, as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def imported(folder):
    """Return the distributions outside the project and the standard library that a folder's files import."""
    names = set()
    for path in (PROJECT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    known = packages_distributions()
    others = names - sys.stdlib_module_names - {"brainlab", "app"}
    return {distribution(known[name][0]) if name in known else name for name in others}


def test_the_core_imports_what_it_declares_and_no_more():
    core = {distribution(line) for line in SETTINGS["project"]["dependencies"]}
    # Of nilearn and the packages of fonts only the files of their wheels are read; fpdf2 shapes text with uharfbuzz.
    unseen = {"nilearn", "matplotlib-fontja", "fontpkg-noto-sans-devanagari", "uharfbuzz"}
    optional = {distribution(line) for extra in ("cluster", "minc") for line in EXTRAS[extra]}
    assert (imported("brainlab") - optional) | unseen == core


def test_the_app_imports_what_it_declares():
    core = {distribution(line) for line in SETTINGS["project"]["dependencies"]}
    extra = {distribution(line) for line in EXTRAS["app"]}
    assert imported("app") | imported("pages") <= core | extra
    assert extra <= imported("app")


def test_every_dependency_is_pinned():
    pins = {
        distribution(line)
        for line in (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    declared = {distribution(line) for line in [*SETTINGS["project"]["dependencies"], *EXTRAS["app"]]}
    assert declared <= pins


def test_the_wheel_carries_the_app_where_the_command_looks_for_it():
    carried = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert carried == {"app": "brainlab/_app/app", "pages": "brainlab/_app/pages"}
    assert workspace.APP == PROJECT / "app" / "main.py"
    assert workspace.APP.is_file()


def test_versions_agree():
    citation = (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
    assert SETTINGS["project"]["version"] == __version__
    assert f"version: {__version__}\n" in citation
    assert f"## {__version__}" in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
