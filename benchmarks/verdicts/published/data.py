"""The data sets of the published programs, or what stands in for them."""

from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets

from benchmarks.verdicts.training import Data
from gradscope.data import digits

TOPICS = 46
WORDS = 2000


@cache
def diabetes(scaled_x: bool = True, low: float = 0.0, high: float = 1.0) -> Data:
    """scikit-learn's 442 patients with raw columns, in place of auto-mpg.

    scaled_x: columns brought to 0..1. low, high: the range that the target is brought to.
    """
    bunch: Any = datasets.load_diabetes(scaled=False)
    x = np.asarray(bunch.data, np.float64)
    y = np.asarray(bunch.target, np.float64)[:, None]
    if scaled_x:
        x = (x - x.min(0)) / (x.max(0) - x.min(0))
    y = low + (high - low) * (y - y.min()) / (y.max() - y.min())
    return _split(x.astype(np.float32), y.astype(np.float32), len(x) // 5, seed=43)


DIABETES_RANGE = (25.0, 346.0)
"""The target in its own unit, a measure of the disease's progress."""


@cache
def images(top: float = 1.0, onehot: bool = False) -> Data:
    """The 8x8 digits as [n, 8, 8, 1] from 0 to `top`, in place of MNIST."""
    x, y, x_test, y_test = digits()
    pictures = [np.float32(top) * part.reshape(-1, 8, 8, 1) for part in (x, x_test)]
    labels = [_onehot(part, 10) if onehot else part.astype(np.int32) for part in (y, y_test)]
    return Data(pictures[0], labels[0], pictures[1], labels[1])


@cache
def circle() -> Data:
    """Two rings of 1,000 noisy points, 300 of them for the test; labels float32[n, 1]."""
    made: Any = datasets.make_circles(1000, noise=0.1, random_state=1)
    return _split(made[0].astype(np.float32), made[1].astype(np.float32)[:, None], 300)


@cache
def blob() -> Data:
    """Three overlapping clouds of 1,000 points, 300 of them for the test; one-hot labels."""
    made: Any = datasets.make_blobs(1000, n_features=2, centers=3, cluster_std=2.0, random_state=2)
    return _split(made[0].astype(np.float32), _onehot(made[1], 3), 300)


@cache
def topics() -> Data:
    """Bags of 2,000 words on 46 topics as skewed as those of Reuters; one-hot labels.

    A topic has 25 words of its own, each in two of three of its texts, among words of every topic.
    """
    rng = np.random.default_rng(46)
    share = np.concatenate([[0.352, 0.217], 0.06 * 0.93 ** np.arange(TOPICS - 2)])
    share[2:] *= (1 - share[:2].sum()) / share[2:].sum()
    own = rng.permutation(WORDS)[: 25 * TOPICS].reshape(TOPICS, 25)
    common = rng.beta(0.3, 8.0, size=WORDS)

    def texts(labels: np.ndarray) -> np.ndarray:
        words = rng.random((len(labels), WORDS)) < common
        for row, label in enumerate(labels):
            words[row, own[label]] |= rng.random(25) < 2 / 3
        return words.astype(np.float32)

    y = rng.choice(TOPICS, 2000, p=share)
    y_test = np.concatenate([rng.choice(TOPICS, 500, p=share), np.repeat(np.arange(TOPICS), 4)])
    return Data(texts(y), _onehot(y, TOPICS), texts(y_test), _onehot(y_test, TOPICS))


def _onehot(labels: np.ndarray, count: int) -> np.ndarray:
    return np.eye(count, dtype=np.float32)[labels]


def _split(x: np.ndarray, y: np.ndarray, test: int, seed: int | None = None) -> Data:
    """The last rows for the test; shuffled first where a seed is given."""
    if seed is not None:
        rows = np.random.default_rng(seed).permutation(len(x))
        x, y = x[rows], y[rows]
    return Data(x[:-test], y[:-test], x[-test:], y[-test:])
