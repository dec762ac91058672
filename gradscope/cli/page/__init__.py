"""Runs as one HTML page that needs nothing else: no network, no TensorBoard, no installation.

    document.py    the page: head, static part, numbers, frontend
    static_part.py verdicts and table as plain HTML, for mail viewers and where scripts are off
    embedding.py   which numbers fit into the page
    frontend.py    the tab's own modules and styles, inlined

The page holds the answers of gradscope/tensorboard/http_api.md, in which the tab's frontend finds
what it would ask a server for.
"""

from gradscope.cli.page.document import PageRun, page, runs_page

__all__ = ["PageRun", "page", "runs_page"]
