"""Packages that brainlab brings: each at one version, under a licence that anyone can use, without known holes."""

import importlib.util
import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from tests.project.pins import PROJECT, closure, requirements

CONSTRAINTS = PROJECT / "constraints.txt"
EXACT = re.compile(r"([a-z0-9-]+)==([^\s=*;]+)")
COPYLEFT = re.compile(r"\bA?GPL", re.IGNORECASE)
"""Licences under which brainlab as a whole would have to be published; the LGPL is none of them."""


def pinned() -> dict[str, str]:
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    found = [EXACT.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(found), "each line names a package and one version"
    return {match[1]: match[2] for match in found if match}


def test_what_is_needed_is_named_with_one_version() -> None:
    assert [str(wanted) for wanted in requirements() if not re.fullmatch(r"==[^*,]+", str(wanted.specifier))] == []


def test_what_that_needs_in_turn_is_pinned_and_installed_so() -> None:
    known = pinned()
    others = {name: version for name, version in closure().items() if known.get(name) != version}
    assert not others, "run `python -m tests.project.pins > constraints.txt`"


def test_licences_leave_the_user_free() -> None:
    bound = []
    for name in pinned():
        try:
            told = metadata(name)
        except PackageNotFoundError:
            continue
        kinds = [kind for kind in told.get_all("Classifier") or [] if kind.startswith("License")]
        said = " ".join([told.get("License-Expression") or "", (told.get("License") or "").split("\n")[0], *kinds])
        bound += [(name, said)] if COPYLEFT.search(said.replace("LGPL", "")) else []
    assert not bound


def test_no_package_has_a_hole_that_pypi_knows_of() -> None:
    """pip-audit calls a package that PyPI does not answer for sound; here that is no answer."""
    if importlib.util.find_spec("pip_audit") is None:
        pytest.skip("needs pip-audit, which is in requirements.txt; run `make audit`")
    words = "-m pip_audit --no-deps --disable-pip --format json --progress-spinner off --timeout 10 --requirement"
    try:
        result = subprocess.run(
            [sys.executable, *words.split(), str(CONSTRAINTS)], capture_output=True, encoding="utf-8", timeout=120
        )
    except subprocess.TimeoutExpired:
        pytest.skip("no answer within 120 s: PyPI's advisories were not asked")
    if not result.stdout.startswith("{"):
        pytest.skip(f"PyPI's advisories cannot be reached: {result.stderr.strip()[-200:]}")
    packages = json.loads(result.stdout)["dependencies"]
    holes = [(package["name"], package["version"], package["vulns"]) for package in packages if package.get("vulns")]
    assert not holes
    unanswered = [package["name"] for package in packages if "skip_reason" in package]
    if unanswered:
        pytest.skip(f"PyPI answered for {len(packages) - len(unanswered)} of {len(packages)} packages")
