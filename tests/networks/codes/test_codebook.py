"""The nearest vector is found, gradients go where equation 3 sends them, and perplexity is what it is defined as."""

import math

import pytest
import torch

from brainlab.networks.codes.codebook import Codebook, perplexity, straight_through


@pytest.fixture
def codebook() -> Codebook:
    torch.manual_seed(0)
    book = Codebook(7, 3)
    book.vectors.data = torch.randn(7, 3)
    return book


def test_the_nearest_vector_is_that_of_a_search_by_hand(codebook):
    z = torch.randn(2, 3, 4, 5)
    indices, quantised = codebook.nearest(z), codebook.quantise(z)
    assert indices.shape == (2, 4, 5)
    for n, row, column in torch.cartesian_prod(torch.arange(2), torch.arange(4), torch.arange(5)).tolist():
        lengths = [math.dist(z[n, :, row, column], vector) for vector in codebook.vectors.detach()]
        wanted = min(range(7), key=lengths.__getitem__)
        assert indices[n, row, column] == wanted
        assert torch.equal(quantised[n, :, row, column], codebook.vectors[wanted])


def test_close_vectors_far_from_the_origin_are_told_apart(codebook):
    """Where |z|^2 + |e|^2 - 2 z.e would have lost the difference to rounding."""
    codebook.vectors.data = 1000 + 0.01 * torch.arange(7.0)[:, None].repeat(1, 3)
    assert codebook.nearest(codebook.vectors[None].transpose(1, 2)).tolist() == [[*range(7)]]


def test_quantising_twice_is_quantising_once_also_in_16_bits(codebook):
    once = codebook.quantise(torch.randn(4, 3, 6))
    assert torch.equal(codebook.quantise(once), once)
    assert torch.equal(codebook.quantise(once.half()), once)


def test_the_decoder_s_gradient_reaches_the_encoding_unchanged_and_the_codebook_not_at_all(codebook):
    z = torch.randn(2, 3, 4, requires_grad=True)
    quantised = codebook.quantise(z)
    leaf = quantised.detach().requires_grad_()
    (wanted,) = torch.autograd.grad(leaf.sin().square().sum(), leaf)
    through = straight_through(z, quantised)
    assert torch.allclose(through, quantised)
    through.sin().square().sum().backward()
    assert torch.allclose(z.grad, wanted, atol=1e-6)
    assert codebook.vectors.grad is None


@pytest.mark.parametrize(
    ("counts", "wanted"), [([5, 5, 5, 5], 4), ([9, 0, 0], 1), ([0, 0], 1), ([2, 1, 1], 2 ** (3 / 2))]
)
def test_perplexity_counts_the_entries_in_use(counts, wanted):
    assert perplexity(torch.tensor(counts)) == pytest.approx(wanted)
