"""The published sets of rules on made-up runs: each message where its constant is passed."""

from typing import Any

import numpy as np
import pytest

from benchmarks.verdicts.rivals import RIVALS, autotrainer, deepdiagnosis, sagemaker
from gradscope.diagnosis.history import History, Snapshot
from gradscope.layout import Layout

STEPS = 100
LAYERS = ("net/a", "net/b", "net/c")
KERNELS = tuple(f"{layer}/kernel" for layer in LAYERS)
PER_LAYER = {"dead_fraction", "saturated_fraction"}
PER_VARIABLE = {
    *("grad_norm", "grad_max_abs", "grad_zero_fraction", "weight_norm"),
    *("update_norm", "update_ratio", "nonfinite_count"),
}
AT = np.arange(9, STEPS, 10)
RISING = np.linspace(0.5, 0.95, 10)


def run(
    val_loss: Any = None, val_accuracy: Any = RISING, info: Any = None, **changes: Any
) -> Snapshot:
    """A healthy training of three kernels, with ten validations. changes: by statistic."""
    values: dict[str, Any] = {
        "loss": np.geomspace(2.0, 0.2, STEPS)[:, None],
        "accuracy": np.linspace(0.5, 0.95, STEPS)[:, None],
        "grad_norm": 1.0,
        "grad_max_abs": 0.5,
        "grad_zero_fraction": 0.2,
        "weight_norm": 5.0,
        "update_norm": 0.01,
        "update_ratio": 0.002,
        "nonfinite_count": 0.0,
        "dead_fraction": 0.1,
        "saturated_fraction": 0.3,
        "learning_rate": 0.01,
        "batch_size": 32.0,
        "class_share": np.array([0.5, 0.3, 0.2]),
        **changes,
    }
    names = {
        n: LAYERS if n in PER_LAYER else KERNELS if n in PER_VARIABLE else (n,) for n in values
    }
    names["class_share"] = ("0", "1", "2")
    layout = Layout({name: names[name] for name in values})
    rows = np.zeros((STEPS, layout.slots), np.float32)
    for name, value in values.items():
        rows[:, layout.where(name)] = value
    facts: dict[str, Any] = {
        "variables": {path: {"shape": [10, 10]} for path in KERNELS},
        **(info or {}),
    }
    given = np.geomspace(1.9, 0.2, 10) if val_loss is None else val_loss
    validation = {
        "loss": (AT, np.asarray(given, float)),
        "accuracy": (AT, np.asarray(val_accuracy)),
    }
    return Snapshot(layout, np.arange(STEPS), rows, facts, validation)


def first_layer(value: float, others: float) -> np.ndarray:
    return np.array([value, others, others])


STUCK: dict[str, Any] = {"accuracy": 0.5, "val_accuracy": np.full(10, 0.5)}
NAN_AT_END = np.where(np.arange(STEPS) > 90, np.nan, 1.0)[:, None]
WAVES = 0.85 + 0.05 * (-1.0) ** np.arange(10)


@pytest.mark.parametrize("rules", RIVALS.values(), ids=RIVALS)
def test_a_healthy_run_and_an_empty_one(rules):
    assert rules(run()).text == ""
    assert not rules(History()).alarm


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"loss": NAN_AT_END}, "explode"),
        ({"val_loss": np.full(10, 2e5)}, "explode"),
        ({**STUCK, "grad_norm": first_layer(9e-5, 1.0)}, "vanish"),
        ({**STUCK, "grad_norm": first_layer(71.0, 1.0)}, "explode"),
        ({**STUCK, "grad_zero_fraction": 0.71}, "relu"),
        (STUCK, "not_converge"),
        # Behind its gate: the same gradients in a run whose accuracy is fine say nothing.
        ({"grad_norm": first_layer(9e-5, 1.0)}, ""),
        ({"grad_norm": first_layer(71.0, 1.0)}, ""),
        ({"grad_zero_fraction": 0.71}, ""),
        # Not below its limits.
        ({"accuracy": 0.6, "grad_norm": first_layer(2e-4, 1.0)}, ""),
        ({"accuracy": np.repeat(WAVES, 10)[:, None]}, "unstable"),
    ],
)
def test_autotrainer(changes, says):
    assert autotrainer.judge(run(**changes)).text == says


def test_autotrainer_takes_r_squared_for_the_accuracy_of_targets():
    squares = {"info": {"objective": {"loss": "mean_squared_error"}}, "target_std": 1.0}
    flat = run(accuracy=np.nan, residual_rms=1.0, val_loss=np.ones(10), **squares)
    flat = Snapshot(
        flat._layout,
        *flat.series("loss")[:1],
        flat._rows,
        flat.info,
        {"loss": flat.validation["loss"]},
    )
    assert autotrainer.judge(flat).text == "not_converge"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"nonfinite_count": first_layer(1.0, 0.0)}, "numerical error"),
        ({"dead_fraction": 0.71}, "dead node"),
        ({"grad_max_abs": first_layer(9e-8, 0.5)}, "vanishing gradient"),
        ({"grad_norm": first_layer(71.0, 1.0)}, "exploding gradient"),
        ({"learning_rate": 1e-6}, "invalid learning rate"),
        ({"learning_rate": 1.0}, "invalid learning rate"),
        ({"update_ratio": first_layer(0.0, 0.002)}, "unchanged weight"),
        ({"loss": np.linspace(1, 2, STEPS)[:, None]}, "loss not decreasing"),
        ({"accuracy": 0.5}, "accuracy not increasing"),
    ],
)
def test_deepdiagnosis(changes, says):
    assert says in deepdiagnosis.judge(run(**changes)).text


def test_deepdiagnosis_looks_at_hidden_saturation_and_at_ranges():
    layers = {layer: {"activation": "sigmoid"} for layer in LAYERS}
    info = {"layers": layers, "objective": {"output": {"layer": "net/c", "activation": "sigmoid"}}}
    saturated = {"saturated_fraction": np.array([0.3, 0.96, 0.3])}
    assert deepdiagnosis.judge(run(info=info, **saturated)).text == "saturated activation"
    saturated = {"saturated_fraction": np.array([0.3, 0.3, 1.0])}
    assert deepdiagnosis.judge(run(info=info, **saturated)).text == ""
    ranges = {"target_min": -1.0, "target_max": 1.0, "output_min": 0.1, "output_max": 0.9}
    assert deepdiagnosis.judge(run(info=info, **ranges)).text == "out of range"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"loss": NAN_AT_END}, "ExplodingTensor"),
        ({"grad_zero_fraction": first_layer(1.0, 0.2)}, "AllZero"),
        ({"grad_norm": first_layer(9e-7, 1.0)}, "VanishingGradient"),
        ({"dead_fraction": 0.51}, "DeadRelu"),
        ({"update_norm": 51.0}, "WeightUpdateRatio, large"),
        ({"update_norm": 4e-8}, "WeightUpdateRatio, small"),
        ({"update_ratio": 9e-6}, "UnchangedTensor"),
        ({"class_share": np.array([0.9, 0.08, 0.02])}, "ClassImbalance"),
        ({"val_loss": np.geomspace(1.9, 0.2, 10) * [1, 1, 1, 1, 1, 1, 1, 1, 2, 2]}, "Overfit"),
        ({"loss": np.full((STEPS, 1), 1.0)}, "LossNotDecreasing"),
        (
            {"loss": np.linspace(1, 2, STEPS)[:, None], "weight_norm": first_layer(5.0, 1.0)},
            "PoorWeightInitialization",
        ),
    ],
)
def test_sagemaker(changes, says):
    assert says in sagemaker.judge(run(**changes)).text


def test_sagemaker_overtraining_asks_for_ten_validations_in_a_row():
    assert "Overtraining" not in sagemaker.judge(run(val_loss=np.full(10, 0.5))).text
    flat = run()
    validation = {"loss": (np.arange(9, 99, 8), np.full(12, 0.5))}
    flat = Snapshot(flat._layout, *flat.series("loss")[:1], flat._rows, flat.info, validation)
    assert "Overtraining" in sagemaker.judge(flat).text
