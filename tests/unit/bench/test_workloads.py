"""Each workload is the step that it says, and gradscope changes nothing about it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradscope.bench import plan, timing, workloads

SLOW = ("resnet50",)

NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in plan.WORKLOADS
]


def test_those_that_are_listed_are_those_that_there_are():
    assert list(workloads.BUILDERS) == list(plan.WORKLOADS)


@pytest.mark.parametrize("name", plan.WORKLOADS)
@pytest.mark.parametrize("size", ["cpu", "gpu"])
def test_batches_and_titles(name, size):
    workload = workloads.build(name, size)
    x, y = workload.batch
    assert workload.name == name and len(x) == len(y)
    assert np.issubdtype(y.dtype, np.integer)
    assert str(len(x)) in workload.title or name == "deep"


@pytest.mark.parametrize(
    ("name", "weights"),
    [("mlp", 1_720_330), ("cnn", 251_370), ("lstm", 215_306)],
)
def test_sizes_that_old_figures_were_measured_with(name, weights):
    assert workloads.build(name, "cpu").build().count_params() == weights


@pytest.mark.parametrize("name", NAMES)
def test_both_steps_end_with_the_same_weights(name):
    workload = workloads.build(name, "tiny")
    x, y = timing.batch(workload)
    model, plain = timing.plain_step(workload, jit_compile=False)
    losses = [plain(x, y) for _ in range(3)]
    with timing.recorded_step(workload, 1, jit_compile=False) as watched:
        recorded = [watched.step(x, y) for _ in range(2)]
    # how-it-works.md says why normalizations that are trained may differ in the last digit
    tolerance = 1e-5 if name in SLOW else 0
    np.testing.assert_allclose(recorded, losses[1:], rtol=tolerance)
    for one, other in zip(model.weights, watched.model.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=one.path)


def test_there_are_two_programs_neither_traced_anew_by_a_change_between_them():
    workload = workloads.build("embedding", "tiny")
    x, y = timing.batch(workload)
    with timing.recorded_step(workload, 3, jit_compile=False) as watched:
        step = watched.step
        for _ in range(7):
            step(x, y)
        # the first trace of all is thrown away by TensorFlow: the optimizer makes its variables
        assert step.recorded.experimental_get_tracing_count() == 2
        assert step.plain.experimental_get_tracing_count() == 1


@pytest.mark.slow
def test_no_backward_pass_leads_into_a_frozen_backbone():
    workload = workloads.build("finetuning", "tiny")
    batch = timing.batch(workload)
    _, plain = timing.plain_step(workload)
    plain(*batch)
    with timing.recorded_step(workload, 1) as watched:
        assert len(watched.model.trainable_variables) == 4
        for function in (plain, watched.step.recorded):
            program = function.experimental_get_compiler_ir(*batch)(stage="optimized_hlo")
            # a backward pass would add three: of both filters, and of what lies between
            assert program.count(" convolution(") == 2


def test_the_embeddings_gradient_is_sparse():
    workload = workloads.build("embedding", "tiny")
    keras.utils.set_random_seed(0)
    model = workload.build()
    x, _ = timing.batch(workload)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x))
    assert isinstance(tape.gradient(loss, model.trainable_variables)[0], tf.IndexedSlices)
    assert len(np.unique(workload.batch[0])) < workload.batch[0].size, "no index repeats"


@pytest.mark.parametrize(
    ("every", "per_step", "steps"),
    [(1, 0.01, 50), (1, 3.0, 2), (10, 0.045, 10), (10, 0.001, 500), (10, 2.0, 10), ("auto", 1, 50)],
)
def test_a_block_holds_whole_cadences(every, per_step, steps):
    assert timing.block_steps(every, per_step, 0.5) == steps


def test_auto_is_left_out_where_its_first_steps_would_take_too_long(monkeypatch):
    monkeypatch.setattr(timing, "PATIENCE_SECONDS", 0.0)
    workload = workloads.build("embedding", "tiny")
    _, plain = timing.plain_step(workload, jit_compile=False)
    with pytest.raises(timing.TooSlowError, match=r"in 360 steps, here 0 minutes"):
        timing.pairs(workload, plain, plan.Arm("auto"), 1, 0.1, print)
