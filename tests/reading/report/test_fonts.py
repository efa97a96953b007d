"""Names in any script: every sign of the PDF and its charts is one of a font, or is written out and said to be."""

import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.report import fonts
from brainlab.reading.report.charts.chart import interval_chart
from brainlab.reading.report.charts.chart_svg import chart_svg
from brainlab.reading.report.pdf_file import report_pdf
from brainlab.reading.report.study_report import report_from_answers

JAPANESE, ARABIC, CYRILLIC, GREEK, DEVANAGARI, KOREAN = "山田太郎", "محمد", "Иванова", "Ωμέγα", "शर्मा", "김철수"
READERS = (JAPANESE, ARABIC, CYRILLIC, GREEK, DEVANAGARI)


@pytest.fixture(autouse=True)
def no_fonts_of_this_machine(monkeypatch):
    """What is tested is what comes with brainlab, wherever the tests run."""
    monkeypatch.setattr(fonts, "_of_this_machine", lambda: ())


def report_of(*readers, title="読影研究"):
    random = np.random.default_rng(0)
    truth = np.repeat(["real", "fake"], 12)
    rows = [
        {
            "reader": reader,
            "case": str(case),
            "answer": answer,
            "truth": truth[case],
            "source": "people" if case < 12 else "Модель 1",
            "phase": "main",
            "active_ms": 1000 + case,
        }
        for reader in readers
        for case, answer in enumerate(random.choice(["real", "fake"], 24))
    ]
    sources = (Source(kind="cohort", name="people", n=12), Source(kind="run", name="Модель 1", n=12))
    protocol = Protocol(title=title, sources=sources, readers=tuple(Reader(code=code) for code in readers))
    return report_from_answers(pd.DataFrame(rows), protocol)


def shown(pdf: bytes) -> tuple[str, list[bytes]]:
    """Return the text of a PDF, and the strings of glyph numbers that it draws."""
    reader = PdfReader(io.BytesIO(pdf))
    drawn = []
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in (b"Tj", b"TJ"):
                parts = operands[0] if operator == b"TJ" else operands
                drawn += [part.original_bytes for part in parts if hasattr(part, "original_bytes")]
    return "\n".join(page.extract_text() for page in reader.pages), drawn


def without_marks(text):
    """Text without blanks and marks of direction, which an extraction may set otherwise."""
    return re.sub(r"[\s\u200e\u200f\u202a-\u202e]+", "", text)


def missing_glyphs(drawn):
    """Count glyphs of number 0, which every font draws as an empty box."""
    codes = [string[k : k + 2] for string in drawn for k in range(0, len(string), 2)]
    return codes.count(b"\x00\x00")


def test_names_of_every_script_can_be_read_back_and_no_glyph_is_a_box():
    text, drawn = shown(report_pdf(report_of(*READERS)))
    assert len(drawn) > 300
    assert missing_glyphs(drawn) == 0
    for name in (*READERS, "読影研究", "Модель1"):
        assert without_marks(name) in without_marks(text), name
    assert "Unicode" not in text


def test_a_name_without_a_font_is_written_out_and_said_to_be():
    text, drawn = shown(report_pdf(report_of(KOREAN, "B")))
    assert missing_glyphs(drawn) == 0
    assert "[U+AE40][U+CCA0][U+C218] classified" in " ".join(text.split())
    assert "No font on this machine has some of the characters" in text


def test_a_font_of_this_machine_is_taken_where_none_that_comes_along_has_the_sign(monkeypatch, tmp_path):
    names = {path.name: path for path in fonts._packaged()}
    (japanese,) = [path for name, path in names.items() if "ipa" in name]
    monkeypatch.setattr(fonts, "_packaged", list)
    assert fonts.legible("山") == "[U+5C71]"
    monkeypatch.setattr(fonts, "_of_this_machine", lambda: (tmp_path / "no font.ttf", japanese))
    assert fonts.fallback_fonts("R1 山") == [japanese]
    assert fonts.legible("山") == "山"


def test_a_report_in_latin_letters_takes_no_other_font():
    pdf = report_pdf(report_of("R1", "R2", title="Reading"))
    faces = {font for page in PdfReader(io.BytesIO(pdf)).pages for font in _fonts_of(page)}
    assert {face.split("+")[-1] for face in faces} == {"DejaVuSansBook", "DejaVuSansBold"}


def _fonts_of(page):
    return [str(font.get_object()["/BaseFont"]).removeprefix("/") for font in page["/Resources"]["/Font"].values()]


@pytest.mark.parametrize("name", [*READERS, KOREAN, "R1"])
def test_charts_have_every_glyph_too(name):
    chart = interval_chart("k", name, [name, "B"], {name: {name: {"value": 0.5, "low": 0.4, "high": 0.6}}}, "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that it lacks
        assert chart_svg(chart)


def test_english_stays_from_left_to_right_whatever_name_it_begins_with():
    text, _ = shown(report_pdf(report_of(ARABIC, "B")))
    (line,) = [line for line in text.splitlines() if "classified" in line and ARABIC in line]
    assert line.index(ARABIC) < line.index("classified") < line.index("of 24 cases")


def test_wide_signs_count_twice():
    assert fonts.letters_wide("山田 A") == 6
    assert [fonts.needs_shaping(text) for text in ("R1", "山", "م", "मा")] == [False, False, True, True]


def test_a_name_at_the_start_does_not_turn_a_row_of_a_chart_around():
    assert fonts.chart_text(f"{ARABIC}, people").startswith(fonts.LEFT_TO_RIGHT)
    assert fonts.chart_text(f"{JAPANESE}, people") == f"{JAPANESE}, people"


def test_a_sign_that_only_one_weight_of_the_font_has_is_not_left_to_chance():
    only = sorted(fonts._signs_of(fonts.REGULAR) - fonts._signs_of(fonts.BOLD))
    assert only
    assert fonts.legible(chr(only[0])) == f"[U+{only[0]:04X}]"
