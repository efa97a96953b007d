"""Join the scans of one visit for recipes that want several sequences, and say which visits lack some."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence

from brainlab.cohort.intensity import sequence_key
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.image_files import LEFT_OUT, Note
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.errors import InputError


def join_visits(scans: Sequence[ScanSource], recipe: PreparationRecipe) -> tuple[list[ScanSource], list[Note]]:
    """Return one source a visit, of the recipe's first sequence with the others beside, and what is left out.

    Raises InputError where no visit has all sequences.
    """
    visits: dict[tuple[str, str], dict[str, ScanSource]] = defaultdict(dict)
    notes: list[Note] = []
    channels = {sequence_key(name): name for name in recipe.channels}
    for scan in scans:
        visit = visits[str(scan.details["participant"]), str(scan.details["session"])]
        sequence = channels.get(sequence_key(str(scan.details["modality"])), "")
        if not sequence:
            reason = f"{LEFT_OUT}its name tells no sequence of {recipe.name} ({', '.join(recipe.channels)})"
            notes.append({"path": scan.relative, "reason": reason})
        elif sequence in visit:
            reason = f"{LEFT_OUT}{visit[sequence].relative} is the {sequence} of this visit"
            notes.append({"path": scan.relative, "reason": reason})
        else:
            visit[sequence] = scan
    joined = []
    for visit in filter(None, visits.values()):
        lacking = [name for name in recipe.channels if name not in visit]
        if lacking:
            path = next(iter(visit.values())).relative
            reason = (
                f"{LEFT_OUT}the visit has no {' and no '.join(lacking)}; --modalities takes the sequences there are"
            )
            notes.append({"path": path, "reason": reason})
        else:
            joined.append(_joined(visit, recipe.channels))
    if not joined:
        counts = Counter(name for visit in visits.values() for name in visit)
        there = ", ".join(f"{name} {counts[name]}" for name in recipe.channels)
        raise InputError(
            f"no visit has {', '.join(recipe.channels)}, which {recipe.name} is for; visits with each: {there}; take "
            "some of them with --modalities"
        )
    return joined, notes


def _joined(visit: dict[str, ScanSource], channels: Sequence[str]) -> ScanSource:
    first, *others = (visit[name] for name in channels)
    return dataclasses.replace(
        first,
        others=dict(zip(channels[1:], others, strict=True)),
        in_template_space=all(scan.in_template_space for scan in visit.values()),
        simulated=any(scan.simulated for scan in visit.values()),
    )
