"""Bringing scans in from the page."""

import pytest

from app.screens.cohort import importing
from brainlab.cohort.preparation.batch import Report
from brainlab.errors import InputError


@pytest.mark.parametrize("name", ["", "../other", "a b", ".hidden"])
def test_a_name_that_is_no_folder_name_is_refused(empty_workspace, name):
    with pytest.raises(InputError, match="name of a cohort"):
        importing.bring_in("somewhere", [], name, print)


def test_nothing_to_prepare_and_a_taken_name_are_refused(workspace):
    with pytest.raises(InputError, match="nothing to prepare"):
        importing.bring_in("", [], "new", print)
    with pytest.raises(InputError, match="already"):
        importing.bring_in("somewhere", [], "simulated", print)


class Upload:
    """An uploaded file, by default one that is not an image."""

    def __init__(self, name="broken.nii", content=b"not an image"):
        self.name, self.content, self.file_id, self.reads = name, content, str(id(self)), 0

    def getbuffer(self):
        self.reads += 1
        return memoryview(self.content)


def test_uploads_of_one_name_are_refused_by_name(empty_workspace):
    with pytest.raises(InputError, match=r"broken\.nii: uploaded more than once"):
        importing.bring_in("", [Upload(), Upload()], "mine", print)


def test_an_import_of_uploads_that_is_cut_short_leaves_nothing(empty_workspace):
    def click(share, text):
        assert list((empty_workspace / "cohorts").glob(".mine.work-*"))
        raise KeyboardInterrupt

    resumable = empty_workspace / "cohorts" / ".mine.work-of-a-path"
    resumable.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        importing.bring_in("", [Upload()], "mine", click)
    assert list((empty_workspace / "cohorts").iterdir()) == [resumable]


def test_an_upload_that_is_not_an_image_is_refused_with_its_reason(empty_workspace):
    told = []
    report = importing.bring_in("", [Upload()], "mine", lambda share, text: told.append(text))
    assert report.scans == 0
    assert report.failed[0]["path"] == "broken.nii"
    assert told == ["1 of 1 scan"]
    assert not (empty_workspace / "cohorts" / "mine").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("noext.gz", "needs a name that ends in .nii, .nii.gz, .mgz"),
        ("scans.zip", "an archive; unpack it"),
        ("scans.tar.gz", "an archive; unpack it"),
        (".hidden.nii", "a hidden file"),
        (f"{'a' * 300}.nii", "needs a name of at most 200 characters"),
    ],
)
@pytest.mark.parametrize("beside", [[], [Upload()]])
def test_an_upload_that_cannot_be_used_is_named_with_its_reason(empty_workspace, name, said, beside):
    report = importing.bring_in("", [Upload(name), *beside], "mine", lambda share, text: None)
    assert report.scans == 0
    reasons = {row["path"]: row["reason"] for row in report.failed}
    assert set(reasons) == {name, *(upload.name for upload in beside)}
    assert reasons[name].startswith(said)
    assert "/tmp" not in str(report)


def test_a_refusal_of_uploads_does_not_name_the_folder_they_lay_in(empty_workspace, monkeypatch):
    def refuse(source, *_, **__):
        raise InputError(f"{source}: no image found in {source}/a.nii")

    monkeypatch.setattr(importing, "find_sources", refuse)
    with pytest.raises(InputError, match=r"^the uploads: no image found in a\.nii$"):
        importing.bring_in("", [Upload()], "mine", lambda share, text: None)


def test_an_uploaded_table_says_whose_scans_they_are(empty_workspace, monkeypatch):
    seen = []

    def prepare(found, out, recipe, **_):
        seen.extend((scan.relative, scan.details["participant"], scan.details["class"]) for scan in found.scans)
        return Report(0, [], [], found.warnings, None)

    monkeypatch.setattr(importing, "prepare_cohort", prepare)
    table = Upload("people.csv", b"file,participant,class\na.nii,anna,ms\nb.nii,anna,ms\n\nc.nii,,\n,bert,ms\n")
    uploads = [Upload(name) for name in ("a.nii", "b.nii", "c.nii", "d.nii")]
    report = importing.bring_in("", uploads, "mine", print, table=table)
    assert seen == [("a.nii", "anna", "ms"), ("b.nii", "anna", "ms"), ("c.nii", "c", None)]
    assert {note["path"] for note in report.warnings} <= {"people.csv", "."}
    assert any(note["path"] == "people.csv" for note in report.warnings)


def test_a_table_that_cannot_be_used_is_named_as_it_was_uploaded(empty_workspace):
    with pytest.raises(
        InputError, match=r"^people\.csv: needs a column file, path, filename or source, got who, class"
    ):
        importing.bring_in("", [Upload()], "mine", print, table=Upload("people.csv", b"who,class\nanna,ms\n"))
    contradiction = Upload("people.csv", b"file,class\nbroken.nii,ms\nbroken.nii,healthy\n")
    with pytest.raises(InputError, match=r"^people\.csv: lines 2 and 3 are both for broken\.nii"):
        importing.bring_in("", [Upload()], "mine", print, table=contradiction)
    assert not list((empty_workspace / "cohorts").iterdir())


def test_notes_and_refusals_name_no_flag_that_the_page_lacks(empty_workspace, monkeypatch):
    def prepare(found, out, recipe, track, **_):
        list(track([0, 1], total=2))
        return Report(0, [], [{"path": "b.png", "stage": "read", "reason": "see --table"}], found.warnings, None)

    monkeypatch.setattr(importing, "prepare_cohort", prepare)
    told = []
    uploads = [Upload("anna_1.png", b"1"), Upload("bert_2.png", b"2")]
    report = importing.bring_in("", uploads, "mine", lambda share, text: told.append(text), "slices-64")
    reasons = [row["reason"] for row in (*report.warnings, *report.failed)]
    assert any(reason.endswith("; a table of the files decides otherwise") for reason in reasons)
    assert "see a table of the files" in reasons
    assert not any("--" in reason for reason in reasons)
    assert told == ["1 of 2 pictures", "2 of 2 pictures"]

    def refuse(*_, **__):
        raise InputError("no visit has T1w; take some of them with --modalities")

    monkeypatch.setattr(importing, "find_sources", refuse)
    with pytest.raises(InputError, match="with 'Sequences'"):
        importing.bring_in("", [Upload()], "mine", print)


def test_named_sequences_and_their_scale_reach_the_preparation(empty_workspace, monkeypatch):
    seen = []

    def prepare(found, out, recipe, track, **_):
        seen.append((recipe.modalities, recipe.by_brain))
        return Report(0, [1, 1, 1], [], [], None)

    monkeypatch.setattr(importing, "find_sources", lambda *_, **__: None)
    monkeypatch.setattr(importing, "prepare_cohort", prepare)
    importing.bring_in("scans", [], "mine", print, "sequences", None, ["T1w", "SWI"], True)
    importing.bring_in("", [Upload("a_T1w.nii")], "mine", print, "flair-synthesis", None, ["T2w", "FLAIR"])
    assert seen == [(("T1w", "SWI"), True), (("FLAIR", "T2w"), False)]


@pytest.mark.parametrize(
    ("recipe", "sequences", "by_brain", "said"),
    [
        ("sequences", [], False, "'Sequences'"),
        ("flair-synthesis", ["FLAIR", "CT"], False, "'Sequences' CT: flair-synthesis is for FLAIR"),
        ("pet-synthesis", [], True, "'Scale each scan by its own brain': DVR, MTRmap, FA, RD, AD are quantities"),
    ],
)
def test_sequences_that_a_recipe_cannot_take_are_refused_in_words_of_the_page(
    empty_workspace, recipe, sequences, by_brain, said
):
    with pytest.raises(InputError, match=said):
        importing.bring_in(str(empty_workspace), [], "mine", print, recipe, None, sequences, by_brain)
