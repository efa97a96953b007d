"""A sheet: one printed picture with a title, where its data are from, the drawing, and a caption below.

matplotlib is used through its objects alone, without pyplot, so that no state is shared with whoever else draws.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import brainlab
from brainlab.files.whole import write_whole

INK, FAINT = "#24292f", "#6a737d"
DOTS_PER_INCH = 200
WIDTH_IN = 7.5
MARGIN_IN = 0.25
BODY_IN = WIDTH_IN - 2 * MARGIN_IN
"""Width between the margins."""
LINE_IN = 0.155
SMALL_PT = 7.5
"""Size of the source line and of the caption."""

STYLE: dict[str, Any] = {
    "font.size": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in one style whatever a user's own matplotlib settings say, and leave these as they were."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


class Sheet:
    """One picture to be drawn on. Lengths are in inches, from the top left corner of the drawing.

    height_in: of the drawing, between the head and the caption. source: which scans, cohort and runs are shown.
    caption: in lines of any length. colours: at most so many in the file, which noise in tiles would otherwise fill;
    each pixel then differs by some levels of 256 from what was drawn.
    """

    def __init__(self, height_in: float, title: str, source: str, caption: str, colours: int | None = None) -> None:
        self._colours = colours
        lines, sources = _fitting_lines(caption), _fitting_lines(source)
        self._told = {"Title": title, "Source": source, "Software": f"brainlab {brainlab.__version__}"}
        self._top = MARGIN_IN + 0.24 + LINE_IN * len(sources) + 0.1
        self._height = self._top + height_in + 0.12 + LINE_IN * len(lines) + MARGIN_IN
        self.figure = Figure(figsize=(WIDTH_IN, self._height), dpi=DOTS_PER_INCH, facecolor="white")
        self._write(0, MARGIN_IN, title, fontsize=10.5, fontweight="bold")
        for number, line in enumerate(sources):
            self._write(0, MARGIN_IN + 0.24 + LINE_IN * number, line, fontsize=SMALL_PT, color=FAINT)
        for number, line in enumerate(lines):
            self._write(0, self._top + height_in + 0.12 + LINE_IN * number, line, fontsize=SMALL_PT)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes whose box has its top left corner at (left, top)."""
        bottom = self._height - self._top - top - height
        box = np.divide(
            [MARGIN_IN + left, bottom, width, height], [WIDTH_IN, self._height, WIDTH_IN, self._height]
        ).tolist()
        return self.figure.add_axes((box[0], box[1], box[2], box[3]))

    def text(self, left: float, top: float, words: str, **style: Any) -> None:
        """Write words with their top left corner (or what `ha`, `va` and `rotation` say) at (left, top)."""
        self._write(left, self._top + top, words, **style)

    def two_lines(self, left: float, middle: float, words: str, side: str = "left") -> None:
        """Write one line, or a line and a fainter one below, around a height."""
        first, _, second = words.partition("\n")
        self.text(left, middle, first, ha=side, va="bottom" if second else "center", fontsize=8)
        self.text(left, middle + 0.03, second, ha=side, fontsize=7, color=FAINT)

    def save(self, path: Path) -> None:
        """Write a PNG, under a temporary name until it is whole. The same drawing gives the same bytes.

        Its title and its source are also text chunks of the file.
        """
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        out = io.BytesIO()
        text = PngInfo()
        for name, words in self._told.items():
            text.add_itxt(name, words)
        resolution = (DOTS_PER_INCH, DOTS_PER_INCH)
        picture = Image.fromarray(pixels)
        if self._colours is not None:
            # The other methods leave out the colours of few pixels, such as those of thin lines and of marks.
            picture = picture.quantize(self._colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        picture.save(out, "PNG", optimize=True, dpi=resolution, pnginfo=text)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, out.getvalue())

    def _write(self, left: float, top: float, words: str, **style: Any) -> None:
        style = {"ha": "left", "va": "top", **style}
        x, y = (MARGIN_IN + left) / WIDTH_IN, 1 - top / self._height
        self.figure.text(x, y, words, **style)


def _fitting_lines(words: str) -> list[str]:
    """Break small text into lines that fit between the margins, measured in the font that they are written in."""
    lines, font, measure = [""], FontProperties(size=SMALL_PT), TextToPath()
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        width_pt, _, _ = measure.get_text_width_height_descent(longer, font, ismath=False)
        if width_pt / 72 <= BODY_IN or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
