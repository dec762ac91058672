"""The picture is there, of a readable size, and not empty."""

import sys

import numpy as np
import pytest
from PIL import Image

from gradscope.bench import plot
from tests.unit.bench import canned


def drawn(path, *workloads, **changes):
    pytest.importorskip("matplotlib")
    plot.draw(canned.document(*workloads, **changes), path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def test_it_grows_with_the_number_of_rows(tmp_path):
    few = drawn(tmp_path / "few.png", "mlp")
    many = drawn(tmp_path / "many.png", "mlp", "cnn", "deep", families=True)
    assert few.shape[1] == many.shape[1] == 1296
    assert 300 < few.shape[0] < 600 < many.shape[0] < 3000


def test_it_has_the_budget_line_and_a_mark_in_the_colour_of_each_arm(tmp_path):
    pixels = drawn(tmp_path / "picture.png", "mlp")
    for colour in ("#c62828", *plot._COLOURS[:3]):
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        there = np.abs(pixels - wanted).sum(-1) < 12
        assert there.sum() > 20, colour
        line = there.sum(0).max() > 0.3 * len(pixels)
        assert line == (colour == "#c62828"), "from top to bottom goes the budget alone"


def test_without_matplotlib_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(plot.PictureError, match=r"pip install 'gradscope\[bench\]'"):
        plot.draw(canned.document("mlp"), tmp_path / "picture.png")


def test_nothing_measured_is_no_picture(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(plot.PictureError, match="nothing was measured"):
        plot.draw(canned.document("mlp", run=canned.failing("timing")), tmp_path / "picture.png")
