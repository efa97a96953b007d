"""Pages are wires: they import no numerical library and do no arithmetic. import-linter cannot see page scripts."""

import ast
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "pages").glob("*.py"))
NUMERICAL = {
    "numpy",
    "scipy",
    "pandas",
    "torch",
    "monai",
    "sklearn",
    "statsmodels",
    "nibabel",
    "SimpleITK",
    "PIL",
    "math",
}
ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
LONGEST = 170


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_only_wires(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert not imported & NUMERICAL, f"{path.name} imports {imported & NUMERICAL}; move what needs it below"
    sums = [
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC)
    ]
    assert not sums, f"{path.name} computes {sums}; move it below"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_short_and_says_what_it_answers(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert ast.get_docstring(ast.parse(text)), f"{path.name} has no docstring"
