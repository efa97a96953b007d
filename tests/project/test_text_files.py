"""Text reads the same in every locale: whoever opens a file of it, or reads what a process says, names its encoding."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "benchmarks", "brainlab", "pages", "tests")


def _without_encoding(code: str) -> Iterator[int]:
    """Yield the line of each call that reads or writes text in the encoding of the machine's locale."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or any(word.arg in ("encoding", None) for word in node.keywords):
            continue
        if any(word.arg == "text" and ast.unparse(word.value) == "True" for word in node.keywords):
            yield node.lineno
        match node.func:
            case ast.Attribute(attr="read_text") if not node.args:
                yield node.lineno
            case ast.Attribute(attr="write_text") if len(node.args) < 2:
                yield node.lineno
            case ast.Attribute(attr="open") if not node.args and not node.keywords:
                yield node.lineno
            case ast.Attribute(attr="open") | ast.Name(id="open"):
                modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                if any(isinstance(mode, str) and set(mode) <= set("rwax+") for mode in modes):
                    yield node.lineno


@pytest.mark.parametrize("folder", FOLDERS)
def test_text_is_read_and_written_in_a_named_encoding(folder):
    bare = [
        f"{path.relative_to(PROJECT)}:{line}"
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for line in _without_encoding(path.read_text(encoding="utf-8"))
    ]
    assert not bare


@pytest.mark.parametrize(
    "code",
    [
        "p.read_text()",
        "p.write_text(t)",
        "p.open()",
        "p.open('w')",
        "open(p, 'a')",
        "p.open('r', newline='')",
        "subprocess.run(words, text=True)",
    ],
)
def test_text_in_the_encoding_of_the_locale_is_found(code):
    assert list(_without_encoding(code)) == [1]


@pytest.mark.parametrize("code", ["p.read_bytes()", "p.open('rb')", "Image.open(p)", "p.read_text('utf-8')", "f(**k)"])
def test_bytes_and_named_encodings_pass(code):
    assert list(_without_encoding(code)) == []
