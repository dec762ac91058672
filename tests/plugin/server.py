"""A TensorBoard of its own process, as users start it, and its routes over real HTTP."""

import json
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

_DEADLINE_SECONDS = 90


class Server:
    """A TensorBoard process on a free port of this machine.

    logdir: what `--logdir` is given; None where arguments hold `--logdir_spec`.
    load_fast: "true" for the data server, "false" for the Python loader.
    arguments: more of the command line, such as `--path_prefix=/board`.

    `url` is its address with the prefix and a last slash, `said` what it wrote on standard error.

    Raises AssertionError, with what it said, where it ends before it serves.
    """

    def __init__(
        self, logdir: str | None, load_fast: str = "false", arguments: Sequence[str] = ()
    ) -> None:
        command = [sys.executable, "-m", "tensorboard.main"]
        command += ["--logdir", logdir] if logdir is not None else []
        command += ["--host", "127.0.0.1", "--port", "0", f"--load_fast={load_fast}", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        self.url = self._address()
        # Read on, so that a server with much to say never waits for a reader.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _address(self) -> str:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
                return found[0].rstrip("/") + "/"
        raise AssertionError(f"TensorBoard did not start:\n{''.join(self.said)}")

    def _listen(self) -> None:
        assert self.process.stderr
        self.said += self.process.stderr

    def fetch(self, route: str, **query: Any) -> bytes:
        """The answer of a plugin's route, as `text/tags`.

        Raises urllib.error.HTTPError for an answer of 400 and above.
        """
        url = f"{self.url}data/plugin/{route}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read()

    def json(self, route: str, **query: Any) -> Any:
        """The same, decoded."""
        return json.loads(self.fetch(route, **query))

    def wait_for(self, route: str, part: bytes) -> None:
        """Asks until the answer has a part: TensorBoard loads after it has begun to serve."""
        end = time.monotonic() + _DEADLINE_SECONDS
        while part not in self.fetch(route):
            assert time.monotonic() < end, f"{route} never had {part!r}"

    def wait_for_runs(self, *runs: str, last_step: int = 0) -> None:
        """Asks the tab's own route until it knows these runs up to a step."""
        end = time.monotonic() + _DEADLINE_SECONDS
        while True:
            listed = {run["run"]: run for run in self.json("gradscope/runs")["runs"]}
            reached = [listed[run]["last_step"] for run in runs if run in listed]
            if len(reached) == len(runs) and all((step or 0) >= last_step for step in reached):
                return
            assert time.monotonic() < end, f"{runs} at {last_step} never came, but {listed}"

    def stop(self) -> None:
        """Ends the process."""
        assert self.process.stderr
        # Not `terminate`, which it may take seconds to obey; a data server ends with it.
        self.process.kill()
        self.process.wait(30)
        self._listener.join(30)
        self.process.stderr.close()
