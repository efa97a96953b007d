"""What a machine reader reached on the runs of a reading study, to stand beside its human readers."""

from typing import Any

from brainlab.reading.protocol.design import Protocol
from brainlab.runs.listing import list_runs


def machine_areas(protocol: Protocol) -> dict[str, dict[str, Any]]:
    """Return the machine reader's ROC area of real against generated scans for each run of a protocol.

    From the run's last `brainlab evaluate`; runs without such a result are left out. Each has value, low, high, n and
    reason, as the figures of human readers.
    """
    wanted = {source.name for source in protocol.sources if source.kind == "run"}
    found: dict[str, dict[str, Any]] = {}
    for run in list_runs():
        figure = (run.evaluation() or {}).get("machine_reader_auc") if run.name in wanted - set(found) else None
        if figure and figure.get("value") is not None:
            low, high = figure.get("low"), figure.get("high")
            missing = figure.get("settings", {}).get("no_interval", "no interval: the evaluation gives none")
            reason = None if low is not None else missing
            found[run.name] = {"value": figure["value"], "low": low, "high": high, "n": figure["n"], "reason": reason}
    return found
