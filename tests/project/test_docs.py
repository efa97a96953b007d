"""Every command in the README and the docs is run, in the order of the page, in an empty folder."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.generators.flow import FlowConfig
from brainlab.generators.stylegan import StyleGANConfig
from brainlab.methods.conditions import learn_conditions
from tests.conftest import write_run
from tests.dicom_files import save_all, series

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PRELOADED = Path(__file__).with_name("preloaded.py")
NOT_SHIPPED = ("stylegan", "flow")
"""Runs that pages take as trained, which takes hours; only the network that stands in their place is small."""
STARTED_ANEW = ("README.md", "several-machines.md")
"""Pages whose commands start as a reader's do; some of the second start themselves a second time."""
MAKE_COMMANDS = re.compile(r"^(make|git) .*$", re.MULTILINE)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder for PATH whose `brainlab` has its libraries loaded: half of what the pages cost is loading."""
    folder = tmp_path_factory.mktemp("commands")
    words = [sys.executable, "-IS", str(PRELOADED), str(folder / "door"), "call"]
    (folder / "brainlab").write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    (folder / "brainlab").chmod(0o755)
    server = subprocess.Popen([sys.executable, str(PRELOADED), str(folder / "door")], cwd=PROJECT)
    while not (folder / "door").exists():
        assert server.poll() is None
        time.sleep(0.05)
    yield folder
    server.terminate()
    server.wait()


def write_scanner(folder: Path, text: str) -> None:
    """Write the DICOM files that a page takes as exported by a scanner."""
    if "import-dicom scanner" in text or 'import_dicom("scanner"' in text:
        save_all(series(), folder / "scanner")


def write_trained(folder: Path, data: PreparedDataset) -> None:
    """Write a run that a page takes as trained and that does not ship: small, with fresh weights."""
    shape, names = (1, *data.shape), ("class", "age_years")
    if folder.name == "stylegan":
        write_run(folder, "dwi-stylegan", StyleGANConfig(latent_dim=6, sample_shape=shape, widths=(8, 6, 4)), data)
        return
    known = learn_conditions(names, data)
    config = FlowConfig(sample_shape=shape, levels=2, widths=(8,), conditions=names, known=known)
    write_run(folder, "flow-slices-128", config, data)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_page_run(page: Path, commands: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`make` and `git clone` lines are what runs this very test, so they are only checked to exist.

    Those of most pages fork from a process that has been started.
    """
    blocks = SHELL_BLOCK.findall(page.read_text(encoding="utf-8"))
    script = MAKE_COMMANDS.sub("", "\n".join(blocks)).strip()
    if not script:
        pytest.skip(f"{page.name} shows no commands of its own")
    for name in ("models", "data", "app", "pages"):
        (tmp_path / name).symlink_to(PROJECT / name)
    write_scanner(tmp_path, script)
    if taken := [name for name in NOT_SHIPPED if f"sample {name} " in script]:
        slices = PreparedDataset.open(request.getfixturevalue("slice_workspace") / "cohorts" / "axial")
        for name in taken:
            write_trained(tmp_path / name, slices)
    folders = [] if page.name in STARTED_ANEW else [str(commands)]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([*folders, str(Path(sys.executable).parent), os.environ["PATH"]]),
        "BRAINLAB_WORKSPACE": str(tmp_path / "workspace"),
    }
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_of_page_exist(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_sessions_of_page_print_what_they_say(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if not blocks:
        pytest.skip(f"{page.name} shows no Python session")
    for name in ("models", "data"):
        (tmp_path / name).symlink_to(PROJECT / name)
    write_scanner(tmp_path, "\n".join(blocks))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    said: list[str] = []
    doctest.DocTestRunner().run(session, out=said.append)
    assert not said, "".join(said)


def test_python_is_shown_as_sessions_with_their_output() -> None:
    """A block without its output would not be run."""
    assert [page.name for page in PAGES if "```python" in page.read_text(encoding="utf-8")] == []
