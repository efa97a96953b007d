from brainlab.runs.image_provenance import edited_by, made_by
from brainlab.runs.run import load_run


def test_an_edit_tells_what_was_changed_and_a_change_taken_back_is_one(tiny_workspace):
    run = load_run(tiny_workspace / "runs" / "tiny-vae")
    own = {"class": "ms", "age_years": 40.0}
    assert edited_by(run, own, dict(own), 2.0) == made_by(run, "reconstructed")
    for wanted in ({"age_years": 40.0}, {"class": None, "age_years": 40.0}):
        said = edited_by(run, own, wanted, 1.0)
        assert said.kind == "generated"
        assert said.settings == {"edit": {"class": None}, "guidance": 1.0}, "and nothing of what stays as it is"
