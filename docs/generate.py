"""Writes docs/statistics.md from gradscope/catalog.py; `make docs` runs it."""

from pathlib import Path

from gradscope.catalog import STATISTICS, Per, Statistic

PAGE = Path(__file__).with_name("statistics.md")

HEAD = """\
<!-- Generated from gradscope/catalog.py by `make docs`; change it there. -->

# Statistics

What gradscope records. Norm means L2. A *unit* is one index of a layer output's last axis: a
channel, a neuron. NaN means that there is nothing to measure, never that something went wrong
in gradscope.
"""

SECTIONS: dict[Per, str] = {
    "variable": "Per trainable variable, named by `Variable.path`",
    "layer": "Per layer output, named by layer path",
    "class": "Per class of the labels, named by its number",
    "step": "Per step",
}


def statistics_page() -> str:
    """The text of docs/statistics.md: one table for each kind of statistic."""
    parts = [HEAD]
    for per, title in SECTIONS.items():
        rows = [_row(statistic) for statistic in STATISTICS if statistic.per == per]
        parts.append(
            "\n".join([f"## {title}\n", "| name | formula | unit | source |", "|---|---|---|---|"])
            + "\n"
            + "\n".join(rows)
            + "\n"
        )
    return "\n".join(parts)


def _row(statistic: Statistic) -> str:
    """One line of a table; the name links to the code that computes it."""
    cells = [
        f"[`{statistic.name}`](../gradscope/probes/{statistic.probe}.py)",
        statistic.formula,
        statistic.unit,
        statistic.source,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(statistics_page(), encoding="utf-8")
