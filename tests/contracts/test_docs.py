"""What is generated is what is committed."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_statistics_page_is_up_to_date():
    page = runpy.run_path(str(DOCS / "generate.py"))["statistics_page"]()
    committed = (DOCS / "statistics.md").read_text(encoding="utf-8")
    assert committed == page, "run `make docs` and commit docs/statistics.md"
