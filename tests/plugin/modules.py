"""The tab's files in a page of their own, without TensorBoard."""

import json
from pathlib import Path
from typing import Any

import gradscope.tensorboard

STATIC = Path(gradscope.tensorboard.__file__).parent / "static"
HOST = "http://modules.test"
_TYPES = {".js": "text/javascript", ".css": "text/css"}

_CALL = """async ([names, body, argument]) => {
  const loaded = await Promise.all(names.map((name) => import(`/static/${name}.js`)));
  const AsyncFunction = (async () => {}).constructor;
  return new AsyncFunction("m", "argument", body)(Object.assign({}, ...loaded), argument);
}"""


class Modules:
    """The modules of `static/` in a page.

    page: a Playwright page.
    html: what the page at the root holds.
    """

    def __init__(self, page: Any, html: str = "<!doctype html><body></body>") -> None:
        self.page = page
        self.html = html
        page.route(f"{HOST}/**", self._answer)
        page.goto(f"{HOST}/")

    def __call__(self, names: str, body: str, argument: Any = None) -> Any:
        """What a function's body returns; it sees the exports of the named modules as `m`."""
        return self.page.evaluate(_CALL, [names.split(), body, argument])

    def _answer(self, route: Any) -> None:
        name = route.request.url.removeprefix(HOST).partition("#")[0]
        if not name.startswith("/static/"):
            route.fulfill(body=self.html, content_type="text/html; charset=utf-8")
            return
        path = STATIC / name.removeprefix("/static/")
        route.fulfill(body=path.read_text("utf-8"), content_type=_TYPES[path.suffix])


def page_of(held: dict[str, Any]) -> str:
    """A page that stands alone: the numbers in it, and the tab's own files."""
    data = json.dumps(held).replace("<", "\\u003c")
    return f"""<!doctype html><html><head><meta charset="utf-8">
<link rel="stylesheet" href="/static/vendor-uplot.css">
<link rel="stylesheet" href="/static/style.css"><link rel="stylesheet" href="/static/views.css">
<script type="application/json" id="gradscope-data">{data}</script></head><body>
<script type="module">import {{ render }} from "/static/index.js"; render();</script>
</body></html>"""
