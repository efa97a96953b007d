"""A sheet's places, its style, and the bytes that it is written as."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from brainlab.figures.sheet import BODY_IN, DOTS_PER_INCH, MARGIN_IN, Sheet, house_style


def drawn(path: Path, caption: str = "A caption.") -> Path:
    with house_style():
        sheet = Sheet(1.0, "A title", "Where it is from", caption)
        sheet.axes(0, 0, BODY_IN, 1.0).plot([0, 1], [0, 1])
        sheet.save(path)
    return path


def test_the_same_drawing_is_the_same_bytes_whatever_the_users_own_style(tmp_path, monkeypatch):
    first = drawn(tmp_path / "first.png").read_bytes()
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 20)
    monkeypatch.setitem(matplotlib.rcParams, "lines.linewidth", 9)
    assert drawn(tmp_path / "second.png").read_bytes() == first
    assert matplotlib.rcParams["font.size"] == 20
    assert drawn(tmp_path / "third.png", "Another caption.").read_bytes() != first


def test_axes_lie_where_they_were_put(tmp_path):
    with house_style():
        sheet = Sheet(2.0, "T", "S", "C")
        axes = sheet.axes(1.0, 0.5, 2.0, 1.0)
        axes.set_axis_off()
        axes.imshow(np.zeros((10, 20)), cmap="gray", vmin=0, vmax=1)
        sheet.save(tmp_path / "sheet.png")
    dark = np.asarray(Image.open(tmp_path / "sheet.png").convert("L")) < 20
    columns = np.flatnonzero(dark.sum(axis=0) > 0.9 * DOTS_PER_INCH)
    assert columns[0] == pytest.approx((MARGIN_IN + 1.0) * DOTS_PER_INCH, abs=2)
    assert columns[-1] == pytest.approx((MARGIN_IN + 3.0) * DOTS_PER_INCH, abs=2)


def test_a_longer_caption_makes_a_taller_sheet_and_no_line_passes_the_margin(tmp_path):
    short = Image.open(drawn(tmp_path / "short.png"))
    long = Image.open(drawn(tmp_path / "long.png", "A somewhat wordy sentence. " * 30))
    assert long.height > short.height
    assert long.width == short.width
    margin = np.asarray(long.convert("L"))[:, -int(MARGIN_IN * DOTS_PER_INCH / 2) :]
    assert (margin == 255).all()


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        drawn(tmp_path / "out" / "sheet.png")
    assert list((tmp_path / "out").iterdir()) == []


def test_fewer_colours_make_a_smaller_file_that_looks_the_same(tmp_path):
    noise = np.random.default_rng(0).random((30, 30, 3))
    files = []
    for colours in (None, 64):
        sheet = Sheet(2, "Noise", "made", "caption", colours)
        sheet.axes(0, 0, 2, 2).imshow(noise, interpolation="nearest")
        sheet.save(tmp_path / f"{colours}.png")
        files.append(tmp_path / f"{colours}.png")
    whole, fewer = (np.asarray(Image.open(file).convert("RGB"), int) for file in files)
    assert len(np.unique(fewer.reshape(-1, 3), axis=0)) <= 64 < len(np.unique(whole.reshape(-1, 3), axis=0))
    assert np.abs(whole - fewer).mean() < 10
    assert files[1].stat().st_size < files[0].stat().st_size
    assert Image.open(files[1]).text["Title"] == "Noise"
