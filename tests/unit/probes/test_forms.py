"""Which form of a reduction is traced can be said, whatever device is visible."""

import tensorflow as tf

from gradscope.probes import forms, reduce


def _operations(device: str | None) -> set[str]:
    @tf.function
    def total(x: tf.Tensor) -> tf.Tensor:
        return reduce.sums(reduce.entry(x))

    x = tf.TensorSpec([64, 1024])
    if device is None:
        graph = total.get_concrete_function(x).graph
    else:
        with forms.forms(device):
            graph = total.get_concrete_function(x).graph
    return {operation.type for operation in graph.get_operations()}


def test_a_gpu_gets_plain_sums_and_a_cpu_products() -> None:
    assert "MatMul" in _operations("cpu")
    assert "MatMul" not in _operations("gpu")


def test_nothing_is_left_behind() -> None:
    before = _operations(None)
    _operations("gpu")
    _operations("cpu")
    assert _operations(None) == before
