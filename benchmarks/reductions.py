"""What each way of writing a reduction costs under XLA: the reasons for gradscope/probes/reduce.py.

    python benchmarks/reductions.py [--runs 100]

Each form is compiled alone; the time of an empty program is taken off. The first table is of a
tensor that lies in memory, as a weight does; the second of one that is computed just before, as an
activation is: what XLA fuses into a reduction runs element by element. The third is of images with
few channels: a product with ones computes every index anew where axes are joined.
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from gradscope.probes import slices


def product(x: tf.Tensor) -> tf.Tensor:
    """The sum as a product with ones."""
    return tf.reduce_sum(tf.linalg.matvec(x, tf.ones([x.shape[-1]])))


IN_MEMORY: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "reduce_sum(x)": tf.reduce_sum,
    "reduce_sum(x * x)": lambda x: tf.reduce_sum(x * x),
    "product(x * x, ones)": lambda x: product(x * x),
    "reduce_max(abs(x))": lambda x: tf.reduce_max(tf.abs(x)),
    "max(reduce_max(x), -reduce_min(x))": lambda x: tf.maximum(tf.reduce_max(x), -tf.reduce_min(x)),
    "reduce_sum(cast(x == 0))": lambda x: tf.reduce_sum(tf.cast(tf.equal(x, 0), tf.float32)),
    "product(cast(x == 0), ones)": lambda x: product(tf.cast(tf.equal(x, 0), tf.float32)),
}
FUSED: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "reduce_sum(gelu(x))": tf.reduce_sum,
    "product(gelu(x), ones)": product,
    "reduce_max(gelu(x), rows)": lambda x: tf.reduce_sum(tf.reduce_max(x, 0)),
    "any(gelu(x) > 0, rows)": lambda x: tf.reduce_sum(tf.cast(tf.reduce_any(x > 0, 0), tf.float32)),
}
IMAGES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "reduce_sum(x)": tf.reduce_sum,
    "product(x * x, ones), axes joined": lambda x: product(tf.reshape(x * x, [-1, 1024])),
    "product(x * x, ones), last axis": lambda x: product(tf.reshape(x * x, [-1, x.shape[-1]])),
    "sum of slices of x * x": lambda x: tf.reduce_sum(
        slices.folded(tf.reshape(x * x, [slices.COUNT, -1]))
    ),
    "both sums of each channel, one pass": lambda x: tf.add_n(slices.moments(x))[0],
}


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    print(f"TensorFlow {tf.__version__}, XLA, {os.cpu_count()} cores, median of {runs} runs, ms")
    x = tf.random.normal((2048, 1024))
    table("2,097,152 floats in memory", x, lambda x: x, IN_MEMORY, runs)
    table("524,288 floats, computed just before", x[:1024, :512], tf.nn.gelu, FUSED, runs)
    images = tf.random.normal((32, 32, 32, 32))
    table("1,048,576 floats, images of 32 channels, in memory", images, lambda x: x, IMAGES, runs)


def table(title: str, x: tf.Tensor, first: Callable, forms: dict[str, Callable], runs: int) -> None:
    """Prints what each form takes beyond computing `first` for something else."""
    weights = tf.random.normal((x.shape[-1], 8))

    def program(form: Callable) -> Callable:
        def run(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            y = first(x)
            rows = tf.reshape(y, [-1, y.shape[-1]])
            return form(y), tf.linalg.matmul(rows, weights)  # y is needed elsewhere, too

        return tf.function(run, jit_compile=True, autograph=False)

    programs = {name: program(form) for name, form in {"": lambda _: 0.0, **forms}.items()}
    times: dict[str, list[float]] = {name: [] for name in programs}
    for run in range(runs + 5):
        for name, function in programs.items():
            start = time.perf_counter()
            function(x)[1].numpy()
            if run >= 5:
                times[name].append(time.perf_counter() - start)
    empty = float(np.median(times.pop("")))
    print(f"\n{title}")
    for name, seconds in times.items():
        print(f"  {name:36} {(float(np.median(seconds)) - empty) * 1e3:6.2f}")


if __name__ == "__main__":
    main()
