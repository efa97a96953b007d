import copy
import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch, Slices
from brainlab.errors import InputError
from brainlab.generators.vqvae import METHOD, RESTARTS_UNTIL, SMALL, VQVAE, VQVAEConfig, VQVAERecipe
from brainlab.methods.prior import SeededNoise
from brainlab.methods.recipe import Progress
from brainlab.networks.blocks import SpaceToDepth
from brainlab.networks.losses import squared_error

TINY = VQVAEConfig(sample_shape=(1, 16, 8), **{**SMALL, "flip": False, "norm": "none"})


def step(recipe, x, at=0, total=1000):
    return recipe.step(Batch(x), Progress(at, total, total))


def recorded(recipe):
    """Return the gradients of the autoencoder's next steps, filled in as they are made."""
    found = {}

    def keep(*_):
        found.update({name: p.grad.clone() for name, p in recipe.generator.named_parameters() if p.grad is not None})

    recipe.optimisers["autoencoder"].register_step_pre_hook(keep)
    return found


@pytest.mark.parametrize("exact", [False, True])
def test_the_encoder_is_the_one_of_the_thesis(exact):
    """Figure 3.11 counts 248,912 parameters, 640 of them batch norm's running statistics, and ends at 2 x 2 x 16."""
    config = dataclasses.replace(METHOD.presets["vqvae2d"].config, paper_exact=exact)
    encoder = VQVAE(config).encoder
    trained = sum(weights.numel() for weights in encoder.parameters())
    statistics = sum(values.numel() for name, values in encoder.named_buffers() if "running" in name)
    assert (trained, statistics, trained + statistics) == (248_272, 640, 248_912)
    sizes = []
    for block in encoder:
        block.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))
    encoder(torch.rand(2, 1, 128, 128))
    channels = (32, 32, 64, 64, 64, 64)
    assert sizes == [(c, 64 >> i, 64 >> i) for i, c in enumerate(channels)] + [(16, 2, 2)]


def test_paper_exact_takes_back_what_the_thesis_has_not():
    config = dataclasses.replace(METHOD.presets["vqvae2d-small"].config, prior_width=8, prior_layers=1)
    exact = VQVAERecipe(dataclasses.replace(config, widths=(8,) * 6, paper_exact=True, restart_after=1))
    kinds = [type(module) for module in exact.generator.encoder.modules()]
    assert SpaceToDepth not in kinds
    assert exact.generator.code_size == (2, 2)
    assert step(exact, torch.rand(4, 1, 128, 128), 500)["restarted"] == 0
    assert exact.optimisers["autoencoder"].param_groups[0]["lr"] == config.learning_rate
    mirrored = VQVAERecipe(dataclasses.replace(config, restart_after=1))
    assert step(mirrored, torch.rand(4, 1, 128, 128), 500)["restarted"] > 0
    assert mirrored.optimisers["autoencoder"].param_groups[0]["lr"] == pytest.approx(config.learning_rate / 2)


def test_a_weight_on_sums_is_the_thesis_s_on_means():
    """Mean squared error + codebook + 0.25 commitment, all means, times the 16,384 pixels."""
    config = METHOD.presets["vqvae2d"].config
    recipe = VQVAERecipe(config)
    model = copy.deepcopy(recipe.generator).train()
    x = torch.rand(4, 1, 128, 128)
    with torch.no_grad():
        z = model.encoder(x)
        vectors = model.codebook.quantise(z)
        apart = (z - vectors).square().mean()
        means = (model.decode_grid(vectors) - x).square().mean() + apart + 0.25 * apart
    assert step(recipe, x)["loss"] == pytest.approx(float(means) * 16_384, rel=1e-4)


def test_gradients_are_those_of_equation_3():
    torch.manual_seed(0)
    recipe = VQVAERecipe(dataclasses.replace(TINY, code_weight=3.0, reconstruction_weight=2.0))
    model, gradients = copy.deepcopy(recipe.generator), recorded(recipe)
    x = torch.rand(4, 1, 16, 8)
    step(recipe, x)
    z = model.encoder(x)
    chosen = model.codebook.nearest(z)
    leaf = model.codebook.vectors_of(chosen).detach().requires_grad_()
    error = 2.0 * squared_error(model.decode_grid(leaf), x).mean()
    error.backward()
    for name, p in model.decoder.named_parameters(prefix="decoder"):
        assert torch.allclose(gradients[name], p.grad, rtol=1e-4, atol=1e-5)
    # The encoder: what the decoder asks of its input, and 2 beta (z - e) over the batch of 4.
    asked = leaf.grad + 3.0 * TINY.commitment * 2 * (z - leaf).detach() / 4
    z.backward(asked)
    for name, p in model.encoder.named_parameters(prefix="encoder"):
        assert torch.allclose(gradients[name], p.grad, rtol=1e-3, atol=1e-5)
    # The codebook: each vector towards the mean of the encodings that chose it, nothing for those that none chose.
    wanted = torch.zeros_like(model.codebook.vectors)
    encodings = z.detach().movedim(1, -1).flatten(0, -2)
    for entry, encoding in zip(chosen.flatten().tolist(), encodings, strict=True):
        wanted[entry] += 3.0 * 2 * (model.codebook.vectors[entry].detach() - encoding) / 4
    assert torch.allclose(gradients["codebook.vectors"], wanted, rtol=1e-3, atol=1e-5)


def test_the_codebook_moves_to_the_encodings():
    torch.manual_seed(0)
    recipe = VQVAERecipe(dataclasses.replace(TINY, code_weight=1.0, restart_after=0))
    recipe.generator.codebook.vectors.data *= 30
    recipe.optimisers["autoencoder"] = torch.optim.SGD(recipe.generator.codebook.parameters(), lr=0.02)
    recipe._set_learning_rates = lambda _: None
    x = torch.rand(4, 1, 16, 8)
    apart = [step(recipe, x)["code_error"] for _ in range(20)]
    assert apart[-1] < 0.3 * apart[0]


def test_the_codebook_starts_at_different_encodings_of_training_scans():
    torch.manual_seed(0)
    recipe = VQVAERecipe(TINY)
    x = torch.rand(4, 1, 16, 8)
    assert recipe.looks_first
    recipe.prepare(Batch(x))
    encodings = recipe.generator.encoder(x).detach().movedim(1, -1).flatten(0, -2)
    vectors = recipe.generator.codebook.vectors.detach()
    assert all((vector == encodings).all(1).any() for vector in vectors)
    assert len(vectors.unique(dim=0)) == TINY.entries
    assert not VQVAERecipe(dataclasses.replace(TINY, paper_exact=True, widths=(8, 8))).looks_first


def test_the_prior_learns_indices_and_moves_nothing_else():
    torch.manual_seed(0)
    recipe = VQVAERecipe(dataclasses.replace(TINY, prior_learning_rate=1e-2))
    recipe.generator.codebook.vectors.data *= 30
    recipe.optimisers["autoencoder"] = torch.optim.SGD(recipe.generator.codebook.parameters(), lr=0.0)
    recipe._set_learning_rates = lambda _: None
    before = {name: p.clone() for name, p in recipe.generator.named_parameters()}
    x = torch.rand(4, 1, 16, 8)
    recipe.config = dataclasses.replace(recipe.config, restart_after=0)
    nats = [step(recipe, x)["prior_nats"] for _ in range(60)]
    assert nats[-1] < 0.5 * nats[0]
    moved = {name.split(".")[0] for name, p in recipe.generator.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"transformer"}


def test_an_entry_that_no_encoding_chooses_starts_again_at_one_without_its_momenta():
    torch.manual_seed(0)
    recipe = VQVAERecipe(dataclasses.replace(TINY, restart_after=3, learning_rate=1e-9))
    vectors = recipe.generator.codebook.vectors
    vectors.data[5:] = 100.0
    x = torch.rand(4, 1, 16, 8)
    assert [step(recipe, x)["restarted"] for _ in range(2)] == [0, 0]
    recipe.optimisers["autoencoder"].state[vectors]["exp_avg"].fill_(1.0)
    z = recipe.generator.encoder(x).detach().movedim(1, -1).flatten(0, -2)
    used = recipe.generator.codebook.nearest(recipe.generator.encoder(x)).unique().tolist()
    dead = [entry for entry in range(TINY.entries) if entry not in used]
    assert step(recipe, x)["restarted"] == len(dead) >= 3
    assert torch.cdist(vectors[dead], z).amin(1).max() < 1e-3
    assert len(vectors[dead].unique(dim=0)) == len(dead), "each at another encoding"
    momenta = recipe.optimisers["autoencoder"].state[vectors]["exp_avg"]
    assert not momenta[dead].any()
    assert momenta[used].all()


@pytest.mark.parametrize(("changes", "at"), [({"restart_after": 0}, 0), ({}, int(1000 * RESTARTS_UNTIL))])
def test_no_entry_is_restarted_where_none_shall_be(changes, at):
    recipe = VQVAERecipe(dataclasses.replace(TINY, **changes))
    recipe.generator.codebook.vectors.data[5:] = 100.0
    x = torch.rand(4, 1, 16, 8)
    assert not any(step(recipe, x, at)["restarted"] for _ in range(5))


def test_diagnostics_tell_the_use_of_the_codebook_since_the_epoch_before():
    recipe = VQVAERecipe(dataclasses.replace(TINY, learning_rate=1e-9, restart_after=0))
    x = torch.rand(4, 1, 16, 8)
    recipe.generator.codebook.vectors.data[1:] = 100.0
    step(recipe, x)
    again = VQVAERecipe(TINY)
    again.load_state_dict(recipe.state_dict())
    for one in (recipe, again):
        found = one.diagnostics(Batch(x))
        assert (found["codebook_perplexity"], found["codes_used"]) == (1, 1 / TINY.entries)
    recipe.generator.codebook.vectors.data[1:] = -100.0
    recipe.generator.codebook.vectors.data[0] = 100.0
    step(recipe, x)
    found = recipe.diagnostics(Batch(x))
    assert found["codes_used"] > 0
    assert found["held_out_prior_nats"] > 0
    with torch.no_grad():
        codes = recipe.generator.codebook.nearest(recipe.generator.encoder(x)).flatten(1)
        assert found["held_out_prior_nats"] == pytest.approx(float(recipe.generator.transformer.nats(codes).mean()))


def test_a_code_is_a_vector_of_entries_and_survives_16_bits():
    torch.manual_seed(0)
    model = VQVAE(TINY).eval()
    x = torch.rand(3, 1, 16, 8)
    mean, log_variance = model.encode(x)
    assert log_variance is None
    assert mean.shape == (3, TINY.code_channels * 4 * 2)
    rows = mean.unflatten(1, (TINY.code_channels, 8)).transpose(1, 2).flatten(0, 1)
    assert all((row == model.codebook.vectors).all(1).any() for row in rows)
    assert torch.equal(model.decode(mean.half().float()), model.decode(mean))
    wild = model.decode(50 * torch.randn(3, mean.shape[1]))
    assert 0 <= wild.min() <= wild.max() <= 1


def test_draws_follow_the_noise_and_the_temperature():
    torch.manual_seed(0)
    prior = VQVAE(TINY).prior
    prior.transformer.head[1].weight.data *= 20
    drawn = prior.draw(6, SeededNoise(1))
    assert torch.equal(drawn, prior.draw(6, SeededNoise(1)))
    assert not torch.equal(drawn, prior.draw(6, SeededNoise(2)))
    mode = prior.draw(6, SeededNoise(1), 0.0)
    assert torch.equal(mode, mode[:1].expand(6, -1))
    assert not drawn.requires_grad
    grid = prior.codebook.nearest(mode.unflatten(1, (TINY.code_channels, *prior.size))).flatten(1)
    assert torch.equal(prior.transformer(grid).argmax(2), grid)


def test_a_copy_draws_with_its_own_weights():
    """The moving average is a copy, and is what ships."""
    model = VQVAE(TINY)
    other = copy.deepcopy(model)
    other.codebook.vectors.data += 1
    assert torch.allclose(other.prior.draw(2, SeededNoise(0)), model.prior.draw(2, SeededNoise(0)) + 1)


def test_sagittal_slices_are_never_mirrored_front_to_back():
    sagittal = dataclasses.replace(TINY, plane="sagittal")
    assert METHOD.view(sagittal) == Slices("sagittal")
    with pytest.raises(InputError, match="--flip: needs slices that show left and right"):
        VQVAE(dataclasses.replace(sagittal, flip=True))


@pytest.mark.parametrize("name", METHOD.presets)
def test_presets_read_what_the_ixi_recipe_makes(name):
    config = METHOD.presets[name].config
    assert config.sample_shape == (1, 128, 128)
    assert METHOD.view(config) == Slices("axial")


def test_sides_that_do_not_halve_are_refused():
    with pytest.raises(InputError, match="divide by 64"):
        VQVAE(VQVAEConfig(sample_shape=(1, 96, 96)))
