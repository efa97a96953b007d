"""Draw docs/figures/simulated_cohort.png and docs/figures/simulated_montage.png from a simulated cohort.

    brainlab simulate /tmp/cohort --participants 1000 --seed 1 --space mni --voxel-size-mm 2 --truth table \\
        --classes healthy:5 ms:4 leuko1:3 leuko2:2 leuko3:3
    python -m benchmarks.cohort.simulated_figures /tmp/cohort

With `--real PREPARED` (scans prepared with recipe flair-40) a second montage beside them, at their 4 mm, goes to
`--beside FILE`: to be looked at, and not to be shared where the scans may not be.
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright
from plotly.subplots import make_subplots

from brainlab.cohort.prepared import PreparedDataset
from brainlab.images.grid import Grid
from brainlab.images.volume import Volume
from brainlab.workspace import PROJECT

FIGURES = PROJECT / "docs" / "figures"
COLOURS = {"healthy": "#4c78a8", "ms": "#e45756", "leuko1": "#f2cf5b", "leuko2": "#f58518", "leuko3": "#8c564b"}
NAMES = {
    "healthy": "healthy",
    "ms": "multiple sclerosis",
    "leuko1": "leukoencephalopathy 1",
    "leuko2": "leukoencephalopathy 2",
    "leuko3": "leukoencephalopathy 3",
}
PEOPLE = {"healthy": 3, "ms": 4, "leuko1": 2, "leuko2": 1, "leuko3": 2}
PATIENCE_MS = 240_000
PLANES_MM = {"axial": 16.0, "coronal": -22.0, "sagittal": 14.0}


def draw_cohort(scans: pd.DataFrame, out: Path) -> None:
    """Volumes against age and the overlap of lesion loads, by class."""
    titles = (
        "Lesions against age",
        "Ventricles against age",
        "Brain (grey and white matter) against age",
        "Lesion load",
    )
    figure = make_subplots(2, 2, subplot_titles=titles, horizontal_spacing=0.09, vertical_spacing=0.13)
    columns = ("lesion_volume_ml", "ventricle_volume_ml", "brain_volume_ml")
    bins = np.geomspace(0.05, 100, 34)
    for name, colour in COLOURS.items():
        rows = scans[scans["class"] == name]
        for place, column in enumerate(columns):
            figure.add_scatter(
                x=rows["age_years"], y=rows[column].clip(lower=0.01), mode="markers", name=NAMES[name],
                marker={"size": 4, "color": colour, "opacity": 0.65}, showlegend=place == 0,
                row=place // 2 + 1, col=place % 2 + 1,
            )  # fmt: skip
        share, _ = np.histogram(rows["lesion_volume_ml"].clip(0.05, 99), bins)
        figure.add_scatter(
            x=np.sqrt(bins[1:] * bins[:-1]), y=share / max(share.sum(), 1), mode="lines",
            line={"color": colour, "width": 2}, fill="tozeroy", opacity=0.6, showlegend=False, row=2, col=2,
        )  # fmt: skip
    for place in range(3):
        figure.update_xaxes(title_text="age, years", row=place // 2 + 1, col=place % 2 + 1)
        figure.update_yaxes(title_text="ml", row=place // 2 + 1, col=place % 2 + 1)
    figure.update_yaxes(type="log", row=1, col=1)
    figure.update_xaxes(type="log", title_text="lesion volume, ml", row=2, col=2)
    figure.update_yaxes(title_text="share of a class's scans", row=2, col=2)
    people = scans["participant_id"].nunique()
    figure.update_layout(
        template="plotly_white", width=1200, height=900, legend={"orientation": "h", "y": 1.07},
        title=f"Simulated cohort: {people} people, {len(scans)} scans", margin={"t": 120, "l": 60, "r": 20, "b": 50},
    )  # fmt: skip
    _photograph(figure, out)


def draw_montage(cohort: Path, scans: pd.DataFrame, out: Path) -> None:
    """Twelve people of all classes, first visits, in three planes."""
    first = scans[scans["session_id"] == "ses-01"]
    chosen = [first[first["class"] == name].head(count) for name, count in PEOPLE.items()]
    tiles = []
    for _, row in pd.concat(chosen).iterrows():
        stem = f"{row['participant_id']}_{row['session_id']}"
        path = cohort / row["participant_id"] / row["session_id"] / "anat" / f"{stem}_FLAIR.nii.gz"
        volume = Volume.load(path)
        image = np.clip(volume.data / np.percentile(volume.data, 99.5), 0, 1)
        tiles.append(_tile(image, volume.affine, f"{NAMES[row['class']]}, {row['age_years']:.0f} {row['sex']}", zoom=2))
    _paste(tiles, columns=3, out=out)


def draw_beside(simulated: PreparedDataset, real: PreparedDataset, out: Path) -> None:
    """Real scans above, simulated ones below, both as a network sees them."""
    tiles = [_tile(real.batch(np.array([i]))[0, 0], real.affine, "real", zoom=4) for i in range(min(len(real), 6))]
    rows = simulated.scans.groupby("class").head(2).index[: 12 - len(tiles)]
    tiles += [
        _tile(
            simulated.batch(np.array([i]))[0, 0], simulated.affine, f"simulated {simulated.scans['class'][i]}", zoom=4
        )
        for i in rows
    ]
    _paste(tiles, columns=3, out=out)


def _tile(image: Any, affine: Any, title: str, zoom: int) -> Image.Image:
    """One person: axial, coronal and sagittal slice side by side, with a title."""
    index = [
        round((mm - affine[axis, 3]) / affine[axis, axis])
        for axis, mm in zip((2, 1, 0), PLANES_MM.values(), strict=True)
    ]
    grid = Grid(image.shape, affine)
    views = [grid.view(image, plane, at) for plane, at in zip(PLANES_MM, index, strict=True)]
    height, width = max(view.shape[0] for view in views), max(view.shape[1] for view in views)
    padded = []
    for view in views:
        down, across = height - view.shape[0], width - view.shape[1]
        padded.append(np.pad(view, ((down // 2, down - down // 2), (across // 2, across - across // 2))))
    picture = Image.fromarray(np.rint(255 * np.concatenate(padded, axis=1)).astype(np.uint8))
    picture = picture.resize((zoom * picture.width, zoom * picture.height), Image.Resampling.BICUBIC)
    ImageDraw.Draw(picture).text((8, 6), title, fill=255, font_size=17)
    return picture


def _paste(tiles: list[Image.Image], columns: int, out: Path) -> None:
    """Lay tiles out in rows and write them at 85% of their size, in grey."""
    width, height = tiles[0].size
    sheet = Image.new("L", (columns * width, -(-len(tiles) // columns) * height))
    for place, tile in enumerate(tiles):
        sheet.paste(tile, (place % columns * width, place // columns * height))
    sheet = sheet.resize((sheet.width * 17 // 20, sheet.height * 17 // 20), Image.Resampling.LANCZOS)
    sheet.save(out, optimize=True)


def _photograph(figure: go.Figure, out: Path) -> None:
    """Render a plotly figure in headless Chromium."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags, timeout=PATIENCE_MS)
        page = browser.new_page(viewport={"width": figure.layout.width, "height": figure.layout.height})
        page.set_content(figure.to_html(include_plotlyjs=True, config={"staticPlot": True}), timeout=PATIENCE_MS)
        page.locator(".main-svg").first.wait_for(timeout=PATIENCE_MS)
        page.screenshot(path=str(out), timeout=PATIENCE_MS)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--real", type=Path, help="real scans prepared with flair-40")
    parser.add_argument("--simulated", type=Path, help="the cohort prepared with flair-40, for --beside")
    parser.add_argument("--beside", type=Path, default=Path("beside.png"))
    args = parser.parse_args()
    if args.real and args.simulated:
        draw_beside(PreparedDataset.open(args.simulated), PreparedDataset.open(args.real), args.beside)
        return
    scans = pd.read_csv(args.cohort / "derivatives" / "truth" / "scans.tsv", sep="\t")
    draw_cohort(scans, FIGURES / "simulated_cohort.png")
    draw_montage(args.cohort, scans, FIGURES / "simulated_montage.png")


if __name__ == "__main__":
    main()
