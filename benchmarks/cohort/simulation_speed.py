"""Seconds a simulated scan takes on one core, by space and voxel size; targets 1.5 s at 2 mm and 8 s at 1 mm.

    python -m benchmarks.cohort.simulation_speed --people 6

Prints processor time beside the clock's, so that a busy machine does not blur the figure. The template's maps are made
before the clock starts: a process makes them once (about 2 s).
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from brainlab.simulation.cohort import simulate_cohort
from brainlab.simulation.participant import CohortSettings
from brainlab.simulation.people.atlas import atlas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--modalities", nargs="+", default=["FLAIR"])
    args = parser.parse_args()
    atlas()
    for space in ("mni", "native"):
        for voxel_size_mm in (2, 1):
            for truth in ("table", "full"):
                names = tuple(args.modalities)
                settings = CohortSettings(1, space=space, voxel_size_mm=voxel_size_mm, modalities=names)
                with tempfile.TemporaryDirectory() as folder:
                    clock, processor = time.perf_counter(), time.process_time()
                    scans = simulate_cohort(Path(folder) / "cohort", settings, args.people, truth=truth)["scans"]
                    clock, processor = time.perf_counter() - clock, time.process_time() - processor
                result = {"space": space, "voxel_size_mm": voxel_size_mm, "truth": truth, "scans": scans}
                result |= {"seconds_per_scan": round(clock / scans, 2), "processor_s": round(processor / scans, 2)}
                print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
