import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import coverage
from brainlab.evaluation.registry import measure_all


def features(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(n, d)), random.normal(size=(n, d)) * 1.05 + 0.1


@pytest.mark.parametrize(
    ("n", "d", "expected"),
    [(200, 3, (0.97, 0.985, 0.982, 0.985)), (1000, 64, (0.53, 0.866, 0.4502, 0.836))],
)
def test_figures_are_those_of_the_authors(n: int, d: int, expected: tuple[float, ...]) -> None:
    """prdc 0.2 (Naeem et al.) gave these of the same draws, with five neighbours."""
    assert coverage.manifold(*features(n, d)) == pytest.approx(expected, abs=1e-9)


def test_copies_of_one_scan_are_precise_and_cover_nothing() -> None:
    real, _ = features(100, 4)
    copies = real[:1] + 1e-3 * np.random.default_rng(1).normal(size=real.shape)
    found = coverage.manifold(real, copies)
    assert found.precision == 1
    assert found.coverage < 0.15
    assert found.recall < 0.05


def test_slices_of_new_people_lie_among_those_of_others_though_each_person_s_own_are_nearer() -> None:
    """Neighbouring slices fill a person's own balls, in which nobody else's slice lies, however real."""
    random = np.random.default_rng(0)
    real, new = (np.repeat(random.normal(size=(60, 3)), 8, axis=0) for _ in range(2))
    real, new = (part + 0.01 * random.normal(size=part.shape) for part in (real, new))
    people = np.repeat([f"p{i}" for i in range(60)], 8)
    alone = coverage.manifold(real, new)
    assert max(alone.precision, alone.coverage) < 0.1
    found = coverage.manifold(real, new, people=people)
    assert found.precision > 0.5
    assert found.coverage > 0.3
    everybody = np.arange(len(real)).astype(str)
    assert coverage.manifold(real, new, people=everybody) == coverage.manifold(real, new)
    sets = ImageSets(real[:, None, None], new[:, None, None], people=people)
    assert coverage._of_features(coverage.Features(new, real, {}), sets.people) == found
    with pytest.raises(InputError, match="5 real images of other people"):
        coverage.manifold(real[:12], new[:12], people=people[:12])


def test_what_cannot_be_compared_is_refused() -> None:
    real, generated = features(20, 4)
    with pytest.raises(InputError, match="got 20 and 19"):
        coverage.manifold(real, generated[1:])
    with pytest.raises(InputError, match="more than 5; got 5 and 5"):
        coverage.manifold(real[:5], generated[:5])
    with pytest.raises(InputError, match="6 images are alike"):
        coverage.manifold(real, np.repeat(generated[:1], 20, axis=0))


def test_images_are_compared_by_components_of_real_scans() -> None:
    """As many as there are of the fewer; voxels in which real scans do not differ do not count."""
    random = np.random.default_rng(0)
    weights = random.normal(size=(8, 6 * 7 * 5))
    real = (random.normal(size=(150, 8)) @ weights).reshape(150, 6, 7, 5).astype(np.float32)
    generated = (random.normal(size=(120, 8)) @ weights).reshape(120, 6, 7, 5).astype(np.float32)
    found = measure_all(ImageSets(real, generated), coverage.METRICS, {})
    assert found["coverage"]["n"] == 120
    assert found["coverage"]["settings"]["features"].startswith("64 principal components of the real scans")
    assert found["coverage"]["value"] > 0.9
    few = measure_all(ImageSets(real[:70], generated), coverage.METRICS, {})
    assert few["coverage"]["n"] == 70
    same = np.zeros((120, 6, 7, 5), np.float32)
    assert "alike" in measure_all(ImageSets(real, same), coverage.METRICS, {})["coverage"]["settings"]["undefined"]


def test_blur_alone_covers_all_and_recall_tells_it() -> None:
    """Images near the mean of all lie in every neighbourhood, which the settings say."""
    real, _ = features(300, 40)
    blurred = 0.2 * np.random.default_rng(2).normal(size=real.shape)
    found = coverage.manifold(real, blurred)
    assert min(found.precision, found.coverage) > 0.95
    assert found.recall < 0.05
    assert all("blur" in metric.settings["caution"] for metric in coverage.METRICS)
