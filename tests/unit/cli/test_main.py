"""Exit codes, messages and what starting the command imports."""

import subprocess
import sys
from pathlib import Path

import pytest

import gradscope
from gradscope.cli import main as cli
from gradscope.errors import RunError


def in_fresh_interpreter(code: str, *, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_arguments_it_prints_the_help(capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: gradscope ")
    for command in ("demo", "report", "check", "explain"):
        assert f"    {command} " in out


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"gradscope {gradscope.__version__}\n"


def test_a_command_that_is_none(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["inspect"])
    assert end.value.code == 2
    assert "invalid choice: 'inspect'" in capsys.readouterr().err


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.NAME)
def test_every_command_has_a_help_page(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command.NAME, "--help"])
    assert end.value.code == 0
    words = " ".join(capsys.readouterr().out.split())
    assert command.DESCRIPTION in words


def test_our_errors_become_one_line_and_exit_code_2(monkeypatch, capsys):
    def fail(arguments):
        raise RunError("the disk is on fire.")

    monkeypatch.setattr(cli.report, "run", fail)
    assert cli.main(["report", "somewhere"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "gradscope report: the disk is on fire.\n"
    assert captured.out == ""


def test_other_errors_keep_their_traceback(monkeypatch):
    """A bug must not look like a run that can't be read."""

    def fail(arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(cli.report, "run", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["report", "somewhere"])


def test_an_interrupt_is_exit_code_130(monkeypatch, capsys):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.report, "run", interrupt)
    assert cli.main(["report", "somewhere"]) == 130
    assert capsys.readouterr().err == "\ngradscope report: interrupted.\n"


def test_a_reader_that_has_seen_enough_gets_no_complaint():
    """`gradscope report ... | head`."""
    code = (
        "import sys\n"
        "from gradscope.cli import main as cli\n"
        "cli.report.run = lambda arguments: print('x' * 10_000_000) or 0\n"
        "sys.exit(cli.main(['report', 'somewhere']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_help_loads_neither_tensorflow_nor_numpy_nor_rich():
    code = (
        "import sys\n"
        "from gradscope.cli.main import main\n"
        "main([])\n"
        "print([name for name in ('tensorflow', 'keras', 'tensorboard', 'numpy', 'rich')"
        " if name in sys.modules])\n"
    )
    assert in_fresh_interpreter(code).stdout.splitlines()[-1] == "[]"


def test_the_package_runs_as_a_module():
    run = subprocess.run(
        [sys.executable, "-m", "gradscope", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, f"gradscope {gradscope.__version__}\n")


def test_a_full_disk_is_no_sick_run():
    code = (
        "import sys\n"
        "from gradscope.cli import main as cli\n"
        "cli.check.run = lambda arguments: print('well') or 0\n"
        "sys.stdout = open('/dev/full', 'w')\n"
        "sys.exit(cli.main(['check', 'somewhere']))\n"
    )
    run = in_fresh_interpreter(code)
    assert run.returncode == 2
    assert run.stderr == "gradscope check: can't write: No space left on device.\n"


def test_a_closed_standard_output_ends_no_command():
    code = (
        "import sys\n"
        "from gradscope.cli import main as cli\n"
        "cli.check.run = lambda arguments: print('well') or 1\n"
        "sys.stdout = sys.stderr = None\n"
        "sys.exit(cli.main(['check', 'somewhere']))\n"
    )
    assert in_fresh_interpreter(code).returncode == 1


def test_an_error_in_a_file_is_not_taken_for_standard_output(monkeypatch):
    def fail(arguments):
        return Path("/no/such/file").read_text()

    monkeypatch.setattr(cli.report, "run", fail)
    with pytest.raises(FileNotFoundError):
        cli.main(["report", "somewhere"])


def test_a_message_gives_no_order_to_the_terminal(monkeypatch, capsys):
    def fail(arguments):
        raise RunError("two runs:\n  a\x1b[2Jb")

    monkeypatch.setattr(cli.report, "run", fail)
    cli.main(["report", "somewhere"])
    assert capsys.readouterr().err == "gradscope report: two runs:\n  a\\x1b[2Jb\n"
