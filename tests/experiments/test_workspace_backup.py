import io
import json
import shutil
import tarfile

import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.workspace_backup import MANIFEST, backup_workspace, restore_workspace
from brainlab.reading.record import integrity
from brainlab.runs.run import load_run
from tests.conftest import build_workspace
from tests.reading.conftest import make_study, study  # noqa: F401 - fixtures


@pytest.fixture
def used(study, tmp_path):  # noqa: F811
    """A workspace with a cohort, two runs and a study with answers, and what work in progress leaves in it."""
    folder = tmp_path / "used"
    build_workspace(folder)
    study.read_all("A")
    (folder / "studies").mkdir()
    study.folder = shutil.move(study.folder, folder / "studies" / study.folder.name)
    (folder / "pseudonyms.key").write_text("0" * 64, encoding="ascii")
    for left in ("runs/tiny-vae/.in-use", "cohorts/.prepared.work-1", "studies/.backup-x"):
        (folder / left).write_text("scratch", encoding="utf-8")
    return folder


def files_of(folder, *, studies=False):
    """Contents by name of what is no study."""
    paths = [path for path in folder.rglob("*") if path.is_file() and (studies or "studies" not in path.parts)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if not path.name.startswith(".")}


@pytest.fixture
def archive(used, tmp_path):
    backup_workspace(tmp_path / "kept.tar", folder=used)
    return tmp_path / "kept.tar"


def test_a_backup_brings_everything_to_an_empty_folder(used, archive, tmp_path):
    restored = restore_workspace(archive, tmp_path / "back")
    assert files_of(tmp_path / "back") == {
        name: content for name, content in files_of(used).items() if ".prepared.work-1" not in name
    }
    (one,) = restored
    kept, back = used / "studies" / one.study, tmp_path / "back" / "studies" / one.study
    assert integrity.verify(back) == integrity.verify(kept) == one.verdict
    assert one.verdict.answers == 24
    assert [path.name for path in (tmp_path / "back" / "studies").iterdir()] == [one.study]
    PreparedDataset.open(tmp_path / "back" / "cohorts" / "simulated")
    load_run(tmp_path / "back" / "runs" / "tiny-vae")
    assert not list((tmp_path / "back").rglob(".*"))


def test_the_file_is_for_its_owner_alone(archive, tmp_path):
    assert archive.stat().st_mode & 0o777 == 0o600
    restore_workspace(archive, tmp_path / "back")
    assert (tmp_path / "back").stat().st_mode & 0o777 == 0o700


def test_what_is_kept_is_counted_and_cohorts_can_be_left_out(used, tmp_path):
    whole = backup_workspace(tmp_path / "whole.tar", folder=used)
    assert (len(whole.studies), whole.runs, whole.cohorts) == (1, ["tiny-ivae", "tiny-vae"], ["simulated"])
    less = backup_workspace(tmp_path / "less.tar", folder=used, cohorts=False)
    assert less.cohorts == []
    assert less.runs == whole.runs
    assert less.bytes < whole.bytes


def test_a_cohort_that_is_linked_from_another_disk_is_kept(used, tmp_path):
    (used / "cohorts" / "simulated").rename(tmp_path / "elsewhere")
    (used / "cohorts" / "simulated").symlink_to(tmp_path / "elsewhere")
    assert backup_workspace(tmp_path / "kept.tar", folder=used).cohorts == ["simulated"]
    restore_workspace(tmp_path / "kept.tar", tmp_path / "back")
    PreparedDataset.open(tmp_path / "back" / "cohorts" / "simulated")


def test_an_earlier_backup_stays_where_a_study_is_not_whole(used, archive):
    before = archive.read_bytes()
    (database,) = used.glob("studies/*/study.db")
    database.write_bytes(b"no database")
    with pytest.raises(Exception, match="study"):
        backup_workspace(archive, folder=used)
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".")] == []


def test_nothing_is_kept_of_an_empty_workspace_or_within_itself(used, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="needs a workspace with studies"):
        backup_workspace(tmp_path / "kept.tar", folder=tmp_path / "empty")
    with pytest.raises(InputError, match="lies in the workspace"):
        backup_workspace(used / "kept.tar", folder=used)


def test_a_folder_that_holds_something_is_left_alone(archive, used):
    before = files_of(used, studies=True)
    with pytest.raises(InputError, match="needs a new or empty folder"):
        restore_workspace(archive, used)
    assert files_of(used, studies=True) == before


@pytest.mark.parametrize("present", [False, True])
def test_a_backup_that_cannot_be_opened_is_named_and_nothing_is_made(tmp_path, present):
    if present:
        (tmp_path / "kept.tar").mkdir()
    with pytest.raises(OSError) as refused:  # noqa: PT011 - missing, or a folder
        restore_workspace(tmp_path / "kept.tar", tmp_path / "new" / "back")
    assert refused.value.filename == str(tmp_path / "kept.tar")
    assert not (tmp_path / "new").exists()


def rewritten(archive, change):
    """Write an archive anew with its members changed: {name: bytes} -> the same."""
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}
    with tarfile.open(archive, mode="w") as tar:
        for name, content in change(members).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found | {"runs/tiny-vae/config.json": b"{}"}, "is damaged, nothing was restored: 1 file, first"),
        (lambda found: {"../out": b"", **found}, "it holds '../out'"),
        (lambda found: {"/tmp/out": b"", **found}, "it holds '/tmp/out'"),
        (lambda found: {name: found[name] for name in found if name != MANIFEST}, "is cut short"),
        (lambda found: found | {MANIFEST: b'{"format": 9, "sha256": {}}'}, "needs a backup of format 1, got 9"),
        (lambda found: found | {MANIFEST: b"no"}, "damaged, no JSON"),
        (lambda found: {"other": b"x"} | found, "first other"),
        (lambda found: {"runs/\u00e4\0b": b"x"} | found, "not a backup of a workspace"),
        (lambda found: {"runs": b"x"} | found, "not a backup of a workspace"),
    ],
)
def test_what_is_no_backup_or_a_changed_one_restores_nothing(archive, tmp_path, change, message):
    rewritten(archive, change)
    with pytest.raises(InputError, match=message):
        restore_workspace(archive, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".restoring-*"))


def test_a_cut_file_and_links_in_it_are_refused(archive, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-200_000])
    with pytest.raises(InputError, match="cut short"):
        restore_workspace(archive, tmp_path / "back")
    with tarfile.open(archive, mode="w") as tar:
        member = tarfile.TarInfo("runs/passwords")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
        content = json.dumps({"format": 1, "sha256": {}}).encode()
        last = tarfile.TarInfo(MANIFEST)
        last.size = len(content)
        tar.addfile(last, io.BytesIO(content))
    with pytest.raises(InputError, match="it holds 'runs/passwords'"):
        restore_workspace(archive, tmp_path / "back")
