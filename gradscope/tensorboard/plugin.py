"""The routes of the Gradscope tab; http_api.md says what they answer."""

from collections.abc import Callable, Mapping
from typing import Any

from tensorboard import plugin_util
from tensorboard.backend import http_util
from tensorboard.plugins import base_plugin
from werkzeug.wrappers import Request, Response

from gradscope.comparison import compare
from gradscope.errors import UsageError
from gradscope.tensorboard import answers
from gradscope.tensorboard.assets import asset
from gradscope.tensorboard.board_run import BoardRun, Held
from gradscope.tensorboard.cache import Cache
from gradscope.tensorboard.listing import Listing
from gradscope.tensorboard.metadata import PLUGIN_NAME
from gradscope.tensorboard.parameters import BadRequestError, check_rows, text, window
from gradscope.tensorboard.source import Source

CACHE_BYTES = 1 << 30
"""For decoded arrays: a comparison of two runs with a dozen statistics, each of 500 rows and 20,000
steps, finds all of them the second time."""

_STATIC = "/static/"


class NotFoundError(Exception):
    """What was asked for is not there; the message says what is."""


class GradscopePlugin(base_plugin.TBPlugin):
    """The Gradscope tab of one TensorBoard.

    context: TensorBoard's; of it only data_provider and sampling_hints are used, since all else
        is missing with one loader or the other.
    """

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider: Any = context.data_provider
        self._hint = int((context.sampling_hints or {}).get(PLUGIN_NAME) or 0)
        self._listing = Listing()
        self._cache = Cache[Held](CACHE_BYTES)

    def is_active(self) -> bool:
        """False: TensorBoard looks for our data itself before it asks."""
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """The tab's name and its first module."""
        return base_plugin.FrontendMetadata(
            es_module_path=f"{_STATIC}index.js", tab_name="Gradscope"
        )

    def get_plugin_apps(self) -> dict[str, Any]:
        """Route -> WSGI application."""
        return {
            "/runs": self._route(self._runs),
            "/run": self._route(self._run),
            "/series": self._route(self._series, compressed=False),
            "/detail": self._route(self._detail),
            "/compare": self._route(self._compare),
            f"{_STATIC}*": Request.application(self._static),
        }

    def _route(
        self, answer: Callable[[Request], Mapping[str, Any]], compressed: bool = True
    ) -> Any:
        """The WSGI application of a function from requests to JSON-ready answers.

        compressed: False for answers that are mostly arrays: gzip takes 70 ms for 2.7 MB of
            them and saves a quarter, which pays on lines below 80 Mbit/s only.
        """

        def respond(request: Request) -> Response:
            if request.method not in ("GET", "HEAD"):
                return _not_allowed(request)
            try:
                return _respond(request, answer(request)) if compressed else _plain(answer(request))
            except BadRequestError as error:
                return _respond(request, {"error": str(error)}, 400)
            except NotFoundError as error:
                return _respond(request, {"error": str(error)}, 404)

        return Request.application(respond)

    def _runs(self, request: Request) -> dict[str, Any]:
        listed, complaints = self._listing.all(self._source(request))
        return answers.runs_answer(
            (
                answers.entry(
                    name, one.revision, one.last_step, one.wall_time, one.judgement.verdicts
                )
                for name, one in listed.items()
            ),
            ({"run": name, "error": error} for name, error in complaints.items()),
        )

    def _run(self, request: Request) -> dict[str, Any]:
        run = self._open(request, "run")
        return answers.run_answer(run, run.name, run.revision)

    def _series(self, request: Request) -> dict[str, Any]:
        statistic, asked = text(request.args, "statistic"), window(request.args)
        run = self._open(request, "run")
        try:
            extent = run.extent(statistic)
        except UsageError as error:
            raise NotFoundError(str(error)) from error
        check_rows(asked, len(run.names(statistic)))
        return answers.series_answer(run, statistic, run.name, run.revision, asked, extent)

    def _detail(self, request: Request) -> dict[str, Any]:
        kind, path = text(request.args, "kind"), text(request.args, "path")
        asked = window(request.args)
        run = self._open(request, "run")
        check_rows(asked, len(run.details.names(kind, path)))
        try:
            return answers.detail_answer(run, kind, path, run.name, run.revision, asked)
        except UsageError as error:
            raise NotFoundError(str(error)) from error

    def _compare(self, request: Request) -> dict[str, Any]:
        a, b = self._open(request, "a"), self._open(request, "b")
        found = compare(a, b, (a.name, b.name), (a.verdicts, b.verdicts))
        return answers.plain(found.to_dict())

    def _open(self, request: Request, parameter: str) -> BoardRun:
        """The run that a parameter names."""
        name = text(request.args, parameter)
        source = self._source(request)
        listed = self._listing.one(source, name)
        if isinstance(listed, str):
            raise NotFoundError(listed)
        if listed is None:
            raise NotFoundError(
                f"{parameter}: got {name!r}, which is no run of gradscope here. Expected one of "
                "those that the route `runs` lists; it may have been deleted or not be loaded yet."
            )
        return BoardRun(listed, source, self._cache, self._hint)

    def _source(self, request: Request) -> Source:
        environment = request.environ
        return Source(
            self._provider,
            plugin_util.context(environment),
            plugin_util.experiment_id(environment),
        )

    def _static(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _not_allowed(request)
        name = request.path.partition(_STATIC)[2]
        found = asset(name)
        if found is None:
            return _respond(request, {"error": f"static: there is no file {name!r}."}, 404)
        return http_util.Respond(request, *found)


def _not_allowed(request: Request) -> Response:
    response = _respond(request, {"error": f"got {request.method}, expected GET."}, 405)
    response.headers["Allow"] = "GET, HEAD"
    return response


def _plain(answer: Mapping[str, Any]) -> Response:
    """The response of `_respond`, not compressed."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Expires": "0",
        "Cache-Control": "no-cache, must-revalidate",
    }
    return Response(answers.to_json(answer), headers=headers, content_type="application/json")


def _respond(request: Request, answer: Mapping[str, Any], code: int = 200) -> Response:
    return http_util.Respond(request, answers.to_json(answer), "application/json", code)
