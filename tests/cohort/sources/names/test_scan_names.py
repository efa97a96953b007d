"""Words of free names tell sequence, version and visit; the rest may name the person."""

import pytest

from brainlab.cohort.sources.names.scan_names import take_apart


@pytest.mark.parametrize(
    ("name", "sequence", "session", "rest"),
    [
        ("p0_flair", "FLAIR", None, "p0"),
        ("p0_T2_FLAIR", "FLAIR", None, "p0"),
        ("AX3DFLAIR", "FLAIR", None, ""),
        ("OAS1_0001-T1w", "T1w", None, "OAS1_0001"),
        ("BraTS19_2013_0_1_t1ce", "T1ce", None, "BraTS19_2013_0_1"),
        ("p1_t1_post", "T1ce", None, "p1"),
        ("study1_FLAIR", "FLAIR", "study1", ""),
        ("ms01_study1", None, "study1", "ms01"),
        ("ms01_20190131_flair", "FLAIR", "20190131", "ms01"),
        ("study1_brainmask_in_FLAIR", "mask", "study1", ""),
        ("GOLD_STANDARD_N4_regtoFLAIR", None, None, "GOLD_STANDARD"),
        ("ms01_study1_2019-01-31", None, "study1_2019-01-31", "ms01"),
        ("week-012_flair", "FLAIR", "week-012", ""),
        ("2019", None, "2019", ""),
        ("ms01_2019", None, None, "ms01_2019"),
        ("FLAIR (2)", "FLAIR", None, "2"),
        ("pt1", None, None, "pt1"),
        ("reflairs", None, None, "reflairs"),
        ("p0_FDG_PET", "PET", None, "p0"),
        ("IXI002-Guys-0828-MRA", "angio", None, "IXI002-Guys-0828"),
        ("p0_rest_bold", "bold", None, "p0_rest"),
        ("pet_07_T1", "T1w", None, "pet_07"),
        ("CT_07", None, None, "CT_07"),
        ("N4", None, None, "N4"),
        ("anna_wk-12", None, "wk-12", "anna"),
        ("31012019", None, "31012019", ""),
        ("ms01_99012019", None, None, "ms01_99012019"),
        ("PD_01_flair", "FLAIR", None, "PD_01"),
        ("PD_01_dwi", "dwi", None, "PD_01"),
        ("PD_01", None, None, "PD_01"),
        ("PD_01_pet", "PET", None, "PD_01"),
        ("PD_anna_flair", "FLAIR", None, "PD_anna"),
        ("anna_PD", "PDw", None, "anna"),
        ("PD (2)", "PDw", None, "2"),
        ("bert_t1_flair", "FLAIR", "t1", "bert"),
        ("bert_t2_dwi", "dwi", "t2", "bert"),
        ("bert_t1_t2_flair", "FLAIR", "t1", "bert"),
        ("bert_dwi_adc", "ADC", None, "bert"),
        ("PD_T2_anna", "PDw+T2w", None, "anna"),
        ("bert_flair_dwi", "FLAIR+dwi", None, "bert"),
        ("bert_mprage_flair", "FLAIR+T1w", None, "bert"),
        ("bert_t1_t2", "T1w+T2w", None, "bert"),
    ],
)
def test_a_name_taken_apart(name: str, sequence: str | None, session: str | None, rest: str) -> None:
    parts = take_apart(name)
    assert (parts.sequence, parts.session, parts.rest) == (sequence, session, rest)


def test_versions_are_told_from_originals() -> None:
    assert take_apart("p0_flair").copies == ()
    assert take_apart("p0_flair_defaced").copies
    assert len(take_apart("p0_flair_run-3").copies) > len(take_apart("p0_flair_run-2").copies) > 0
    assert take_apart("p0_flair_run-1").copies == ()
