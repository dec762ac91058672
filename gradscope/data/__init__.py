"""Real data that ships with the package, so that the demo needs no download."""

from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

_TRAIN = 1437
_INK = 16.0


def digits() -> tuple[
    NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]
]:
    """The UCI handwritten digits as (x_train, y_train, x_test, y_test).

    x: float32[n, 64], 8x8 pixels row by row, 0 (paper) to 1 (ink). y: int64[n], 0 to 9.
    n is 1,437 for training and 360 for testing. Source and licence: gradscope/data/README.md.

    >>> x_train, y_train, x_test, y_test = digits()
    >>> x_train.shape, x_test.shape
    ((1437, 64), (360, 64))
    """
    with as_file(files("gradscope.data") / "digits.npz") as path, np.load(path) as archive:
        x = archive["images"].astype(np.float32) / np.float32(_INK)
        y = archive["labels"].astype(np.int64)
    return x[:_TRAIN], y[:_TRAIN], x[_TRAIN:], y[_TRAIN:]
