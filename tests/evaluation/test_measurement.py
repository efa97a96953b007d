import json
import math

import pytest

from brainlab.evaluation.measurement import Measurement, summarise, undefined


def test_a_measurement_is_json_with_its_settings():
    found = summarise([1.0, 3.0], voxels="all")
    assert found == Measurement(2.0, math.sqrt(2), 2, {"unit": "sample", "voxels": "all"})
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["sd"] == pytest.approx(math.sqrt(2))


def test_a_value_that_is_not_finite_is_undefined_and_says_why():
    found = summarise([1.0, math.inf])
    assert found.value is None
    assert found.settings["undefined"] == "1 of 2 values is not finite"
    assert summarise([]).settings["undefined"] == "nothing to measure"
    assert undefined("no encoder").n == 0
    assert summarise([1.0]).sd is None


def test_what_json_cannot_hold_is_null_with_a_reason():
    nan, inf = float("nan"), float("inf")
    kept = Measurement(0.5, nan, 3, {"ratio": inf, "power": [1.0, nan], "kernel": "linear"}).to_json()
    assert (kept["value"], kept["sd"], kept["n"]) == (0.5, None, 3)
    settings = kept["settings"]
    assert (settings["ratio"], settings["power"], settings["kernel"]) == (None, [1.0, None], "linear")
    assert settings["undefined_settings"].startswith("ratio, power: ")
    lost = Measurement(nan, None, 3, {"kernel": "linear"}).to_json()
    assert (lost["value"], lost["n"]) == (None, 0)
    assert "not finite" in lost["settings"]["undefined"]
