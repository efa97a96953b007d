"""Messages of the preparation as the import page says them."""

import pytest

from app.screens.cohort.wording import for_the_page, noun


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("2 people guessed; --table decides otherwise", "2 people guessed; a table of the files decides otherwise"),
        (
            "give --class-folders where it is a class, or --table to map files",
            "give a table with a column class where it is a class, or a table of the files to map files",
        ),
        ("not 'group' (choose with --labels)", "not 'group' (call the column with the classes 'class')"),
        ("(take others with --include)", "(take others with a table of the files)"),
        ("rename it, or take it with --include '*b.nii'", "rename it, or take it with a table of the files"),
        ("ask for them, such as --include '*t1*'", "ask for them, in a table of the files"),
        ("take some of them with --modalities", "take some of them with 'Sequences'"),
        (
            "--scale-by brain: FA are quantities; leave it out",
            "'Scale each scan by its own brain': FA are quantities; leave it out",
        ),
        ("my--table.nii is the FLAIR of this visit", "my--table.nii is the FLAIR of this visit"),
        ("the same voxels as a.nii", "the same voxels as a.nii"),
    ],
)
def test_flags_are_said_in_words_of_the_page(message, said):
    assert for_the_page(message, pictures=False) == said


def test_pictures_have_pixels_and_are_no_scans():
    reason = "left out: the same voxels as scan 1.png, which is taken as bert; find out whose scan it is"
    said = "left out: the same pixels as scan 1.png, which is taken as bert; find out whose picture it is"
    assert for_the_page(reason, pictures=True) == said
    assert for_the_page("'NA' (2 scans) is taken as a class", pictures=True).startswith("'NA' (2 pictures)")
    assert (noun(True), noun(True, 2), noun(False), noun(False, 2)) == ("picture", "pictures", "scan", "scans")
