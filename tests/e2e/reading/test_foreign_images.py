"""Other people's images of every format and size against real ones: from the command line to the report, by keys."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from benchmarks.reading.foreign_files import TELLTALE, write_foreign
from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.studies import locking
from brainlab.reading.protocol.questions import ONE_FAKE, VERDICT
from tests.e2e.reading.blinding_tools import EVERYTHING_IN_THE_BROWSER, Wire, begin, read_all

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CASES = 10


@pytest.mark.parametrize(
    "question", [VERDICT, pytest.param(ONE_FAKE, marks=pytest.mark.slow)], ids=["single", "quartets"]
)
def test_foreign_images_from_files_to_report(
    reading_server, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, question
) -> None:
    """Ten files of theirs among ten real images, or each beside three."""
    single = question is VERDICT
    real, cases = (CASES, 2 * CASES) if single else (3 * CASES, CASES)

    def said(*words: str) -> dict:
        assert main(["study", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(reading_server.workspace))
    monkeypatch.setattr(locking, "PROBE_IMAGES", 20)
    data = PreparedDataset.open(reading_server.workspace / "cohorts" / "simulated")
    volumes = data.batch(data.indices("train")[:20])[:, 0]
    slices = np.stack([data.grid.view(volume, "axial", 17 + place % 10) for place, volume in enumerate(volumes)])
    write_foreign(tmp_path / "theirs", slices[:CASES])  # one file of each kind, all of which are read
    protocol = {
        "title": "Theirs against ours",
        "sources": [
            {"kind": "cohort", "name": "simulated", "n": real},
            {"kind": "folder", "name": str(tmp_path / "theirs"), "label": "fake", "n": CASES},
        ],
        "questions": [asdict(question)],
        "readers": [{"code": "R1"}],
        "practice": 0,
        "repeats_share": 0.1,
        "rest_break_every": 0,
        "harmonisation": {"size": 40},
    }
    (tmp_path / "protocol.json").write_text(json.dumps(protocol), encoding="utf-8")
    study = said("create", str(tmp_path / "protocol.json"))["study"]
    locked = said("lock", study)
    assert locked["probe"]["passed"], locked["probe"]
    assert locked["harmonised"]["size"] == 40
    (link,) = said("links", study, "--base-url", reading_server.url)["links"]

    wire = Wire.of(page)
    begin(page, link["url"])
    seen = read_all(page, "jf" if single else "14")
    assert len(seen) == 1.1 * cases
    lengths = {len(body) for url, bodies in wire.bodies.items() if "/pixels/" in url for body in bodies}
    assert lengths == {360 * 360 * (1 if single else 4)}, "one size for all that came in many"
    told = wire.text() + page.evaluate(EVERYTHING_IN_THE_BROWSER).encode()
    for secret in (TELLTALE, "theirs", "0003.tif", "DICOM", "JPEG of", "harmonis"):
        assert secret.encode() not in told

    said("close", study)
    said("unblind", study, "--by", "Researcher")
    report = said("report", study, "--out", str(tmp_path / "report.html"))
    assert report["cases"] == cases
    words = (tmp_path / "report.html").read_text(encoding="utf-8")
    for part in ("resampled to 40 pixels a side", "JPEG of 8 bits", "DICOM", f"The {real} images of simulated came in"):
        assert part in words
    assert said("verify", study)["ok"]
