"""TensorBoards and one Chromium for all tests of the tab; a page that errs fails its test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin import boards
from tests.plugin.server import Server

Serve = Callable[..., Server]
LOADERS = {"python-loader": "false", "data-server": "true"}


@pytest.fixture(scope="session")
def board(tmp_path_factory) -> Path:
    """A log directory with every run of `boards.write_all`; not to be written to."""
    return boards.write_all(tmp_path_factory.mktemp("board"))


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """`serve(logdir, load_fast, arguments)`: a Server; the same one for the same wish."""
    running: dict[Any, Server] = {}

    def serve(logdir: Path | None, load_fast: str = "false", arguments: tuple[str, ...] = ()):
        wish = (logdir, load_fast, arguments)
        if load_fast == "true":
            pytest.importorskip("tensorboard_data_server", reason="no data server here")
        if wish not in running:
            running[wish] = Server(logdir and str(logdir), load_fast, arguments)
        return running[wish]

    yield serve
    for server in running.values():
        server.stop()


@pytest.fixture(scope="session", params=LOADERS.values(), ids=LOADERS)
def loader(request) -> str:
    """The value of `--load_fast`: a test that asks for it runs with both loaders."""
    return request.param


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for the session; ask for it only in tests marked `browser`."""
    from playwright.sync_api import sync_playwright

    from tests.conftest import chromium

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def context(browser) -> Iterator[Any]:
    """What all pages share: TensorBoard's own files are fetched once."""
    shared = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    shared.set_default_timeout(30_000)
    # What TensorBoard keeps of one test, as the theme, is none of the next one's business.
    shared.add_init_script("try { localStorage.clear() } catch { /* a blank page has none */ }")
    yield shared
    shared.close()


@pytest.fixture
def errors() -> list[str]:
    """What erred on the page; a test that makes it err looks at it and clears it."""
    return []


@pytest.fixture
def page(context, errors) -> Iterator[Any]:
    """A page of its own that fails the test if anything on it errs."""
    opened = context.new_page()
    opened.on("console", lambda said: _is_ours(said) and errors.append(_told(said)))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    context.set_offline(False)  # a test may have pulled the plug
    assert not errors, f"the page erred: {errors}"


def _is_ours(said: Any) -> bool:
    """False for what is no error, and for fonts that TensorBoard lacks under a path prefix."""
    missing = said.text.startswith("Failed to load resource")
    return said.type == "error" and not (missing and "gradscope" not in said.location["url"])


def _told(said: Any) -> str:
    return f"{said.text} ({said.location['url']})"
