import pytest

from gradscope.layout import model_prefix
from gradscope.sinks.variables import kernel_columns, row_names


class TestKernels:
    def test_they_are_told_by_their_shape(self):
        paths = ["net/w", "net/c", "net/conv", "net/scalar"]
        shapes = [[3, 4], [4], [3, 3, 1, 8], []]
        info = {"variables": {p: {"shape": s} for p, s in zip(paths, shapes, strict=True)}}
        assert kernel_columns(paths, info) == (0, 2)

    def test_a_shape_counts_for_more_than_a_name(self):
        info = {"variables": {"a/bias": {"shape": [3, 4]}, "a/kernel": {"shape": [4]}}}
        assert kernel_columns(["a/bias", "a/kernel"], info) == (0,)

    @pytest.mark.parametrize("info", [{}, {"variables": None}, {"variables": {"a/kernel": 1}}])
    def test_without_shapes_names_tell(self, info):
        paths = ["a/kernel", "a/bias", "a/gamma", "a/kernel#2", "a/bias#2"]
        assert kernel_columns(paths, info) == (0, 3)

    def test_where_there_are_none_all_stand_for_the_net(self):
        assert kernel_columns(["a/gamma", "a/beta"], {}) == (0, 1)
        assert kernel_columns([], {}) == ()


@pytest.mark.parametrize(
    ("paths", "prefix"),
    [
        (["net/a/kernel", "net/a/bias"], "net/"),
        (["net/a/kernel", "net/scale"], "net/"),
        (["net/a/kernel", "other/a/kernel"], ""),
        (["dense/kernel", "dense/bias"], ""),
        (["kernel", "net/a/kernel"], ""),
        ([], ""),
    ],
)
def test_the_prefix_is_the_models_name(paths, prefix):
    assert model_prefix(paths) == prefix


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["net/a/kernel", "net/b/kernel"], ["a", "b"]),
        (["net/body/a/kernel", "net/body/b/bias"], ["a/kernel", "b/bias"]),
        (["net/a/kernel", "net/a/b/kernel"], ["a", "a/b"]),
        (["kernel", "bias"], ["kernel", "bias"]),
        (["net/a/kernel"], ["a"]),
        ([], []),
    ],
)
def test_rows_are_named_by_what_differs(paths, names):
    assert row_names(paths) == names
