import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from gradscope.sinks import heatmap
from gradscope.sinks.heatmap import StepHistory, draw_heatmap, shorten

NAN, INF = np.nan, np.inf
COLUMNS = heatmap.COLUMNS


def history_of(rows: list[list[float]], absent: list[int] | None = None) -> StepHistory:
    """A history with one column a step; rows[variable][step]."""
    history = StepHistory(len(rows))
    mask = np.isin(np.arange(len(rows)), absent or [])
    for step, norms in enumerate(np.array(rows, np.float32).T):
        history.add(step, norms, mask)
    return history


def pixels_of(picture) -> np.ndarray:
    image = Image.open(io.BytesIO(picture.png))
    assert image.size == (picture.width, picture.height)
    return np.asarray(image.convert("RGB")).astype(int)


def cell(pixels, row, column, rows, columns):
    """Colour in the middle of a cell."""
    height = heatmap._row_height(rows) * rows
    y = heatmap._TOP + int((row + 0.5) * height / rows)
    x = heatmap._LABELS + int((column + 0.5) * heatmap._WIDTH / columns)
    return tuple(pixels[y, x])


def near(found, hexadecimal):
    wanted = heatmap._rgb(hexadecimal)
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 4


class TestHistory:
    def test_few_steps_have_a_column_each(self):
        history = history_of([[1, 2, 3], [4, 5, 6]])
        np.testing.assert_array_equal(history.values, [[1, 2, 3], [4, 5, 6]])
        assert history.steps.tolist() == [0, 1, 2] and history.last_step == 2

    def test_no_gradient_is_apart_from_nan(self):
        history = history_of([[NAN, NAN], [NAN, 1]], absent=[0])
        np.testing.assert_array_equal(history.values, [[-1, -1], [NAN, 1]])

    def test_columns_are_merged_by_the_worst_value(self):
        steps = 4 * COLUMNS
        rows = np.ones((5, steps), np.float32)
        rows[0, 777], rows[1, 778], rows[2, 779], rows[3] = NAN, INF, 50, 0
        history = history_of(rows.tolist())
        values, column = history.values, 777 // 4
        assert values.shape == (5, COLUMNS)
        assert np.isnan(values[0, column]) and values[1, column] == INF and values[2, column] == 50
        assert np.isnan(values[0]).sum() == 1 and (values[1] == INF).sum() == 1
        assert (values[3] == 0).all() and (values[4] == 1).all()
        assert history.steps.tolist() == list(range(0, steps, 4))

    @pytest.mark.parametrize("steps", [1, COLUMNS, COLUMNS + 1, 2 * COLUMNS + 1, 5000])
    def test_memory_is_bounded_and_every_step_is_in_one_column(self, steps):
        history = StepHistory(1)
        for step in range(steps):
            history.add(step, np.array([step], np.float32), np.array([False]))
        assert 0 < len(history.steps) <= COLUMNS
        assert history.values[0].tolist() == [*(history.steps[1:] - 1).tolist(), steps - 1]


class TestPicture:
    def test_special_values_have_colours_of_their_own(self):
        history = history_of([[NAN], [INF], [0], [NAN], [1e-6], [1.0]], absent=[3])
        pixels = pixels_of(draw_heatmap("title", list("abcdef"), history))
        found = [cell(pixels, row, 0, 6, 1) for row in range(6)]
        specials = [colour for _, colour in heatmap._SPECIAL]
        expected = [*specials, heatmap._RAMP[0], heatmap._RAMP[-1]]
        for colour, wanted in zip(found, expected, strict=True):
            assert near(colour, wanted), (colour, wanted)

    def test_rows_are_variables_and_columns_are_steps(self):
        rows = np.full((4, 8), 1e-6)
        rows[2, 5] = 1.0
        pixels = pixels_of(draw_heatmap("title", list("abcd"), history_of(rows.tolist())))
        for row in range(4):
            for column in range(8):
                wanted = heatmap._RAMP[-1 if (row, column) == (2, 5) else 0]
                assert near(cell(pixels, row, column, 4, 8), wanted), (row, column)

    @pytest.mark.parametrize(
        ("norms", "decades"),
        [
            ([1.0, 1.0], (-6, 0)),
            ([0.2, 0.9], (-6, 0)),
            ([1.1, 5.0], (-5, 1)),
            ([3e-9, 0.5], (-9, 0)),
            ([1e-30, 1e30], (-30, 30)),
            ([NAN, 0.0], (-6, 0)),
        ],
    )
    def test_colours_range_over_six_whole_decades_or_more(self, norms, decades):
        assert heatmap._decades(heatmap.log10(np.array(norms, np.float32))) == decades

    def test_a_healthy_run_does_not_look_like_one_that_spans_many_decades(self):
        rows = np.logspace(-0.9, -0.1, 9).reshape(-1, 1)
        pixels = pixels_of(draw_heatmap("title", list("abcdefghi"), history_of(rows.tolist())))
        shades = [cell(pixels, row, 0, 9, 1) for row in range(9)]
        assert max(abs(a - b) for a, b in zip(shades[0], shades[-1], strict=True)) < 140
        assert not any(near(shade, heatmap._RAMP[0]) for shade in shades)

    @pytest.mark.parametrize("rows", [1, 5, 11])
    def test_its_size_is_what_tensorboard_shows(self, rows):
        names = [f"layer_{row}" for row in range(rows)]
        picture = draw_heatmap("title", names, history_of([[NAN]] * rows))
        assert picture.width == 350 and picture.height <= 215

    @pytest.mark.parametrize(("rows", "height"), [(1, 22), (9, 16), (11, 13), (49, 13), (300, 2)])
    def test_rows_are_as_high_as_a_label_while_there_is_room(self, rows, height):
        assert heatmap._row_height(rows) == height

    @pytest.mark.parametrize("place", [0, 1])
    def test_only_colours_that_occur_are_in_the_legend(self, place):
        healthy = draw_heatmap("title", ["a"], history_of([[1.0]]))
        sick = draw_heatmap("title", ["a"], history_of([[(NAN, INF)[place], 1.0]]))
        assert sick.height - healthy.height == heatmap._LEGEND
        legend = pixels_of(sick)[-heatmap._LEGEND :].reshape(-1, 3)
        for index, (_, colour) in enumerate(heatmap._SPECIAL[:2]):
            shown = any(near(tuple(pixel), colour) for pixel in legend)
            assert shown == (index == place), (index, place)

    def test_one_bad_step_of_thousands_keeps_its_colour(self):
        rows = np.logspace(-6, 0, 4000).reshape(1, -1).repeat(3, axis=0)
        rows[1, 1777] = INF
        pixels = pixels_of(draw_heatmap("title", list("abc"), history_of(rows.tolist())))
        columns = -(-4000 // 32)
        assert near(cell(pixels, 1, 1777 // 32, 3, columns), heatmap._SPECIAL[1][1])

    def test_title_labels_steps_scale_and_legend_are_drawn(self):
        names = ["net/first/kernel", "net/last"]
        dark = pixels_of(draw_heatmap("title", names, history_of([[1], [NAN]]))).sum(axis=2) < 200
        left, right = heatmap._LABELS, heatmap._LABELS + heatmap._WIDTH
        bottom = heatmap._TOP + heatmap._LEAST_HEIGHT
        assert dark[: heatmap._TOP, left:].sum() > 20
        assert dark[heatmap._TOP : bottom, :left].sum() > 50
        assert dark[heatmap._TOP : bottom, right + 15 :].sum() > 20
        assert dark[heatmap._TOP + 46 :, left:right].sum() > 5
        assert dark[-heatmap._LEGEND :, :left].sum() > 20
        # Nothing runs off the picture.
        assert not dark[:, -1].any() and not dark[-1].any()

    @pytest.mark.parametrize("steps", [1, 2, 3, 5, 200])
    def test_no_step_is_labelled_twice(self, steps, monkeypatch):
        labels: list[tuple[float, str]] = []
        monkeypatch.setattr(
            heatmap, "_draw_tick", lambda draw, x, y, text: labels.append((x, text))
        )
        history = StepHistory(1)
        for step in range(steps):
            history.add(1000 * step, np.ones(1, np.float32), np.array([False]))
        draw_heatmap("title", ["a"], history)
        texts = [text for _, text in labels]
        assert len(set(texts)) == len(texts) and texts[-1] == str(1000 * (steps - 1))
        for (x, text), (after, _) in pairwise(labels):
            place = history.steps.tolist().index(int(text)) / steps
            assert x == heatmap._LABELS + place * heatmap._WIDTH and after - x > 25

    def test_one_constant_value_draws(self):
        picture = draw_heatmap("title", ["a"], history_of([[2.0, 2.0]]))
        cells = pixels_of(picture)[heatmap._TOP + 5, heatmap._LABELS : heatmap._LABELS + 5]
        assert len({tuple(colour) for colour in cells}) == 1

    def test_nothing_but_nan_draws(self):
        pixels = pixels_of(draw_heatmap("title", ["a"], history_of([[NAN]])))
        assert near(cell(pixels, 0, 0, 1, 1), heatmap._SPECIAL[0][1])

    def test_a_bad_variable_of_thousands_is_seen(self):
        rows = np.full((3000, 1), 1e-3)
        rows[1501] = NAN
        names = [f"layer_{index}" for index in range(3000)]
        picture = draw_heatmap("title", names, history_of(rows.tolist()))
        assert picture.height < 1300
        cells = pixels_of(picture)[heatmap._TOP :, heatmap._LABELS + 5][:1000]
        assert sum(near(tuple(colour), heatmap._SPECIAL[0][1]) for colour in cells) in (1, 2)

    def test_long_names_draw(self):
        long = "model/" + "very_long_block_name/" * 6
        names = [f"{long}kernel", f"{long}bias"]
        dark = pixels_of(draw_heatmap("title", names, history_of([[1], [2]]))).sum(axis=2) < 200
        assert not dark[heatmap._TOP :, :4].any()


@pytest.mark.parametrize("width", range(1, 30))
def test_names_are_shortened_to_their_ends(width):
    name = "encoder_block_3_dense_kernel"
    short = shorten(name, lambda text: len(text) <= width)
    assert len(short) == min(width, len(name)) or width < 3
    head, _, tail = short.partition("…") if "…" in short else ("", "", short)
    assert name.startswith(head) and name.endswith(tail) and len(head) <= len(tail)


def test_a_path_keeps_its_first_and_last_part():
    name = "block_3/attention/query/kernel"
    assert shorten(name, lambda text: len(text) <= 20) == "block_3/…/kernel"
    assert shorten("block_3/kernel", lambda text: len(text) <= 13) == "bloc…3/kernel"
