import re

from gradscope.sinks.charts import chart_layout
from gradscope.sinks.summaries import SUMMARIES

WRITTEN = {summary.tag for summary in SUMMARIES} | {"gradscope/validation_loss"}


def charts():
    return [chart for category in chart_layout().category for chart in category.chart]


def test_each_line_shows_exactly_one_written_curve():
    patterns = [tag for chart in charts() for tag in chart.multiline.tag]
    # Validation metrics are named by the user, so a curve may begin with another one's name.
    tags = WRITTEN | {f"{tag}_2" for tag in WRITTEN}
    shown = [[tag for tag in tags if re.match(pattern, tag)] for pattern in patterns]
    assert patterns and all(len(found) == 1 for found in shown)


def test_each_band_is_of_written_curves():
    series = [part for chart in charts() for part in chart.margin.series]
    assert len(series) == 2
    for part in series:
        assert {part.value, part.lower, part.upper} <= WRITTEN
        assert part.lower.endswith("_min") and part.upper.endswith("_max")


def test_the_band_of_gradients_is_shown_before_that_of_updates():
    # TensorBoard's own dashboard turns the order of bands round.
    assert "gradient" in charts()[1].title and "update" in charts()[0].title


def test_bands_come_first():
    first = chart_layout().category[0]
    assert all(chart.HasField("margin") for chart in first.chart)


def test_titles_differ():
    titles = [chart.title for chart in charts()]
    assert len(set(titles)) == len(titles)
