"""One small person of each kind, simulated once."""

import numpy as np
import pytest

from brainlab.simulation.disease import longitudinal
from brainlab.simulation.disease.longitudinal import Visits
from brainlab.simulation.participant import CohortSettings, SimulatedParticipant, SimulatedVisit, simulate_participant
from brainlab.simulation.people.anatomy import Anatomy, Person, build_anatomy, draw_person
from brainlab.simulation.sequences.registry import SEQUENCES


@pytest.fixture(scope="session")
def old_person() -> Person:
    return draw_person(np.random.default_rng(4), 70.0, "F")


@pytest.fixture(scope="session")
def old_anatomy(old_person: Person) -> Anatomy:
    return build_anatomy(old_person, 2)


@pytest.fixture(scope="session")
def ms_participant() -> SimulatedParticipant:
    return simulate_participant(CohortSettings(seed=3, classes=(("ms", 1.0),)), 1)


@pytest.fixture(scope="session")
def leuko_participant() -> SimulatedParticipant:
    return simulate_participant(CohortSettings(seed=3, classes=(("leuko3", 1.0),)), 1)


@pytest.fixture(scope="session")
def every_sequence() -> SimulatedVisit:
    """One visit of a person with plaques and an acute infarct, in every sequence."""
    settings = CohortSettings(seed=3, classes=(("ms", 1.0),), modalities=tuple(SEQUENCES), stroke_share=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(longitudinal, "draw_visits", lambda *_: Visits((0.0,)))
        return simulate_participant(settings, 1).visits[0]
