import errno
from pathlib import Path

import pytest

from brainlab.errors import InputError
from brainlab.experiments import export
from brainlab.experiments.export import finished, keep_finished, refuse_beyond_disk, whole_folder
from brainlab.files.folder_lock import folder_in_use
from brainlab.files.unfinished import refuse_unfinished


def fill(out, *names, overwrite=False):
    with whole_folder(out, "brainlab sample", overwrite=overwrite) as scratch:
        for name in names:
            (scratch / name).write_text(f"{name} of {len(names)}", encoding="utf-8")


def shown(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_folder_holds_the_files_of_one_call(tmp_path):
    out = tmp_path / "deep" / "out"
    fill(out, "a", "b", "c")
    assert shown(out) == ["a", "b", "c"]
    with pytest.raises(InputError, match="not empty"):
        fill(out, "b")
    fill(out, "b", "d", overwrite=True)
    assert shown(out) == ["b", "d"]
    assert (out / "b").read_text(encoding="utf-8") == "b of 2"
    fill(out, "e", overwrite=True)
    assert shown(out) == ["e"]


def test_files_of_others_are_never_replaced(tmp_path):
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(InputError):
            fill(tmp_path, "mine", overwrite=overwrite)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"


def test_an_error_leaves_the_folder_as_it_was(tmp_path):
    fill(tmp_path / "old", "a")
    for out in (tmp_path / "old", tmp_path / "new"):
        with pytest.raises(FileNotFoundError):
            fill(out, "b", "no folder/c", overwrite=True)
    assert shown(tmp_path / "old") == ["a"]
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == [export.RECORD, "a"]


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    (tmp_path / ".unfinished-x").mkdir()
    (tmp_path / ".unfinished-x" / "half").write_text("half", encoding="utf-8")
    fill(tmp_path, "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [export.RECORD, "a"]


def test_two_processes_do_not_fill_one_folder(tmp_path):
    with folder_in_use(tmp_path, "brainlab sample"), pytest.raises(InputError, match="in use by brainlab sample"):
        fill(tmp_path, "a")


def test_a_full_disk_names_the_folder(tmp_path):
    for error in (OSError(errno.ENOSPC, "No space left on device"), OSError("encoder error")):
        with (
            pytest.raises(OSError, match=r"No space|encoder") as caught,
            whole_folder(tmp_path / "out", "work", overwrite=False),
        ):
            raise error
        assert caught.value.filename == str(tmp_path / "out")
        assert caught.value.strerror


def test_a_file_that_cannot_be_read_keeps_its_own_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, whole_folder(tmp_path / "out", "work", overwrite=False):
        (tmp_path / "absent").read_text(encoding="utf-8")
    assert caught.value.filename == str(tmp_path / "absent")


def test_more_images_than_the_disk_holds_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"0" * 1000)
    refuse_beyond_disk(tmp_path, 1, 2)
    with pytest.raises(InputError, match="GB of disk"):
        refuse_beyond_disk(tmp_path, 1, 10**15)


def draw(out, task, names, stop=None, overwrite=False):
    """Make images of a task, and stop before one of them; returns those that were made anew."""
    made = []
    with whole_folder(out, "brainlab translate", overwrite=overwrite, task=task) as scratch:
        for name in names:
            if name == stop:
                raise KeyboardInterrupt
            if finished(scratch, name) is None:
                (scratch / name).write_text(name, encoding="utf-8")
                keep_finished(scratch, name, {"file": name})
                made.append(name)
    return made


def test_a_task_that_was_interrupted_goes_on_where_it_was(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        draw(out, "run 1", "abcd", stop="c")
    assert shown(out) == []
    assert draw(out, "run 1", "abcd") == ["c", "d"]
    assert shown(out) == ["a", "b", "c", "d"]
    assert sorted(path.name for path in out.iterdir()) == [export.RECORD, "a", "b", "c", "d"]


@pytest.mark.parametrize("linked", [True, False], ids=["hard links", "copies"])
def test_a_task_that_was_interrupted_while_its_files_were_put_in_place_loses_none(tmp_path, monkeypatch, linked):
    if not linked:

        def refuse(*_):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    put, left = export._put, [2]

    def die(source, place):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        put(source, place)

    with monkeypatch.context() as stopped:
        stopped.setattr(export, "_put", die)
        with pytest.raises(KeyboardInterrupt):
            draw(tmp_path, "run 1", "abcd")
    with pytest.raises(InputError, match="is not whole"):
        refuse_unfinished(tmp_path)
    assert draw(tmp_path, "run 1", "abcd") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [export.RECORD, "a", "b", "c", "d"]
    assert [(tmp_path / name).read_text(encoding="utf-8") for name in "abcd"] == ["a", "b", "c", "d"]


def test_a_scratch_folder_that_was_removed_by_half_is_not_gone_on_with(tmp_path, monkeypatch):
    def remove_half(folder, **_):
        if (folder / "a").exists():
            (folder / "a").unlink()
            raise SystemExit

    with monkeypatch.context() as stopped:
        stopped.setattr(export.shutil, "rmtree", remove_half)
        with pytest.raises(SystemExit):
            draw(tmp_path, "run 1", "abcd")
    draw(tmp_path, "run 1", "abcd", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [export.RECORD, "a", "b", "c", "d"]


def test_another_task_takes_nothing_of_one_that_was_interrupted(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        draw(tmp_path, "run 1", "abcd", stop="c")
    assert draw(tmp_path, "run 2", "abcd") == ["a", "b", "c", "d"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [export.RECORD, "a", "b", "c", "d"]


def test_a_folder_whose_files_were_being_put_in_place_is_not_whole_and_filled_without_overwrite(tmp_path, monkeypatch):
    fill(tmp_path, "a", "b", "c")

    def die(*_):
        raise SystemExit

    monkeypatch.setattr(export, "mark_finished", die)
    with pytest.raises(SystemExit):
        fill(tmp_path, "a", "b", overwrite=True)
    monkeypatch.undo()
    with pytest.raises(InputError, match="is not whole: brainlab sample was stopped there"):
        refuse_unfinished(tmp_path)
    fill(tmp_path, "a", "d")
    refuse_unfinished(tmp_path)
    assert shown(tmp_path) == ["a", "d"]
