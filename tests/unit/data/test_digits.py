"""The digits that ship with the package are the real ones, whole and in range."""

import hashlib

import numpy as np

from gradscope.data import digits


def test_shapes_types_and_range():
    x_train, y_train, x_test, y_test = digits()
    assert x_train.shape == (1437, 64) and x_test.shape == (360, 64)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.shape == (1437,) and y_test.shape == (360,)
    assert y_train.dtype == y_test.dtype == np.int64
    assert x_train.min() == 0.0 and x_train.max() == 1.0


def test_every_digit_is_in_both_parts():
    _, y_train, _, y_test = digits()
    assert np.bincount(y_train).tolist() == [143, 146, 142, 146, 144, 145, 144, 143, 141, 143]
    assert np.bincount(y_test).tolist() == [35, 36, 35, 37, 37, 37, 37, 36, 33, 37]


def test_the_values_are_those_of_the_source():
    x_train, y_train, x_test, y_test = digits()
    pixels = np.rint(np.concatenate([x_train, x_test]) * 16).astype(np.uint8)
    labels = np.concatenate([y_train, y_test]).astype(np.uint8)
    # the digest of scikit-learn 1.x load_digits() as uint8, pixels then labels
    digest = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_images_and_labels_belong_together():
    x_train, y_train, x_test, y_test = digits()
    means = np.stack([x_train[y_train == digit].mean(axis=0) for digit in range(10)])
    nearest = np.square(x_test[:, None] - means).sum(axis=-1).argmin(axis=1)
    # chance is 0.1; the nearest class mean gets 0.85 on these writers
    assert (nearest == y_test).mean() > 0.8
