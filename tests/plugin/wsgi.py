"""TensorBoard's own application with the Gradscope tab, in this process: no port, no browser."""

import json
from pathlib import Path
from typing import Any

from tensorboard.backend import application
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from werkzeug.test import Client, TestResponse

from gradscope.tensorboard.loader import Loader


class Flags:
    """Of TensorBoard's flags the one that the loader looks at."""

    def __init__(self, samples_per_plugin: dict[str, int]) -> None:
        self.samples_per_plugin = samples_per_plugin


class Board:
    """A TensorBoard on a log directory, read by the Python loader when `reload` is called.

    samples: what the user gave as `--samples_per_plugin`.
    """

    def __init__(self, logdir: Path, samples: dict[str, int] | None = None) -> None:
        flags, loader = Flags(dict(samples or {})), Loader()
        loader.fix_flags(flags)
        self.logdir = logdir
        self.multiplexer = plugin_event_multiplexer.EventMultiplexer(
            tensor_size_guidance=flags.samples_per_plugin
        )
        self.provider: Any = data_provider.MultiplexerDataProvider(self.multiplexer, str(logdir))
        context = base_plugin.TBContext(
            data_provider=self.provider, sampling_hints=flags.samples_per_plugin
        )
        self.plugin: Any = loader.load(context)
        app = application.TensorBoardWSGI([self.plugin], "", self.provider)
        self._client = Client(app)
        self.reload()

    def reload(self) -> None:
        """Loads what was written since."""
        self.multiplexer.AddRunsFromDirectory(str(self.logdir))
        self.multiplexer.Reload()

    def get(self, route: str, **request: Any) -> TestResponse:
        """The response to a path below the plugin's, as `runs?x=1`; request: of werkzeug."""
        return self._client.open(f"/data/plugin/gradscope/{route}", **request)

    def ask(self, route: str, **query: Any) -> Any:
        """The JSON answer of a route, which must be a good one."""
        response = self.get(route, query_string=query)
        assert response.status_code == 200, response.text
        return decoded(response)

    def refused(self, route: str, code: int, **query: Any) -> str:
        """The message with which a route refuses a request."""
        response = self.get(route, query_string=query)
        assert response.status_code == code, response.text
        answer = decoded(response)
        assert list(answer) == ["error"]
        return answer["error"]


def decoded(response: TestResponse) -> Any:
    """The JSON of a response, which must be JSON in which no HTML can be seen."""
    assert response.content_type == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-cache, must-revalidate"
    text = response.get_data(as_text=True)
    assert not set("<>&") & set(text)
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"JSON has no {constant}")
