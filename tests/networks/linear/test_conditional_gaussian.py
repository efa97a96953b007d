import numpy as np
import pytest
import torch

from brainlab.networks.linear.conditional_gaussian import LEAST_VARIANCE, ConditionalGaussian

NAN = torch.nan


def told(places, numbers):
    return {"class": torch.tensor(places), "age_years": torch.tensor(numbers)}


@pytest.fixture(scope="module")
def people():
    """Scores that follow class, age and its square, and share noise; class and age are not independent."""
    generator = torch.Generator().manual_seed(0)
    places = torch.randint(1, 4, (4000,), generator=generator)
    ages = torch.randn(4000, generator=generator) + 0.5 * (places == 3)
    noise = torch.randn(4000, 3, generator=generator) @ torch.tensor(
        [[1.0, 0.4, 0.0], [0.0, 0.6, 0.3], [0.0, 0.0, 0.5]]
    )
    means = torch.stack((2.0 * (places == 2), 0.8 * ages + 0.4 * ages.square(), -1.0 * (places == 3)), dim=1)
    return {"class": places, "age_years": ages}, means + noise


@pytest.fixture(scope="module")
def gaussian(people):
    found = ConditionalGaussian({"class": 3, "age_years": 0}, 3)
    found.fit(people[1], people[0])
    return found


def test_scores_given_everything_are_the_regression_on_it(gaussian, people):
    """Against least squares on the same columns, by numpy."""
    condition, scores = people
    places, ages = condition["class"].numpy(), condition["age_years"].numpy()
    columns = np.stack([*(places == place for place in (1, 2, 3)), ages, ages**2], axis=1).astype(float)
    slopes = np.linalg.lstsq(columns, scores.numpy(), rcond=None)[0]
    mean, root = gaussian.given(condition, len(scores))
    assert np.abs(mean.numpy() - columns @ slopes).max() < 0.06, "but for the least variance"
    rest = np.cov((scores.numpy() - columns @ slopes).T)
    assert np.allclose((root @ root.transpose(1, 2))[0], rest, atol=0.01)
    assert torch.equal(root, root[:1].expand_as(root))


def test_scores_given_nothing_are_as_they_come(gaussian, people):
    scores = people[1]
    for condition in (None, told([0, 0], [NAN, NAN])):
        mean, root = gaussian.given(condition, 2)
        assert torch.allclose(mean, scores.mean(0).expand(2, -1), atol=1e-4)
        assert torch.allclose((root @ root.transpose(1, 2))[0], scores.T.cov(correction=0), atol=2 * LEAST_VARIANCE)


def test_what_is_not_told_is_guessed_from_what_is_and_keeps_its_spread(gaussian, people):
    """Against the scores of the people of one class, whatever their age."""
    condition, scores = people
    third = scores[condition["class"] == 3]
    mean, root = gaussian.given(told([3], [NAN]), 1)
    assert torch.allclose(mean[0], third.mean(0), atol=0.05), "they are older"
    others = gaussian.given(told([3], [0.5]), 1)[1]
    kept, without = (root @ root.transpose(1, 2))[0].diagonal(), (others @ others.transpose(1, 2))[0].diagonal()
    assert kept[1] > 1.5 * without[1], "of age"
    assert kept[2] == pytest.approx(float(without[2]), rel=0.05)


def test_each_image_is_given_its_own(gaussian):
    condition = told([1, 0, 2, 3], [0.0, 1.0, NAN, -1.0])
    mean, root = gaussian.given(condition, 4)
    for row in range(4):
        alone = gaussian.given({name: value[row : row + 1] for name, value in condition.items()}, 1)
        assert torch.allclose(mean[row], alone[0][0], atol=1e-6)
        assert torch.allclose(root[row], alone[1][0], atol=1e-6)


def test_what_people_do_not_tell_counts_as_the_mean(people):
    condition, scores = people
    partly = {name: value.clone() for name, value in condition.items()}
    partly["age_years"][::2] = NAN
    partly["class"][::3] = 0
    gaussian = ConditionalGaussian({"class": 3, "age_years": 0}, 3)
    gaussian.fit(scores, partly)
    assert gaussian.mean[3] == pytest.approx(float(condition["age_years"][1::2].mean()), abs=1e-3)
    assert gaussian.given(condition, len(scores))[1].isfinite().all()


def test_rounding_to_16_bits_and_scores_that_do_not_vary_leave_a_gaussian(people):
    condition, scores = people
    gaussian = ConditionalGaussian({"class": 3, "age_years": 0}, 5)
    gaussian.fit(torch.cat((scores, torch.zeros(len(scores), 1), scores[:, :1]), dim=1), condition)
    mean, root = gaussian.half().float().given(condition, len(scores))
    assert root.isfinite().all()
    assert mean[:, 3].abs().max() < 1e-6
