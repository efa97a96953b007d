"""One small person of each kind, simulated once."""

import numpy as np
import pytest

from brainlab.simulation.anatomy import Anatomy, Person, build_anatomy, draw_person
from brainlab.simulation.participant import CohortSettings, SimulatedParticipant, simulate_participant


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
