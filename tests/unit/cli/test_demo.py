"""`gradscope demo`: where it writes, and what it says when it can't."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.cli import demo
from gradscope.cli.main import main
from gradscope.errors import LogdirError


def test_a_new_directory_is_made(tmp_path):
    wanted = tmp_path / "runs" / "demo"
    assert demo.claim(wanted) == wanted
    assert wanted.is_dir() and not list(wanted.iterdir())


def test_an_empty_directory_is_taken(tmp_path):
    assert demo.claim(tmp_path) == tmp_path


def test_a_directory_in_use_is_left_alone_and_a_number_added(tmp_path):
    for used in ("demo", "demo-2"):
        (tmp_path / used).mkdir()
        (tmp_path / used / "events").touch()
    assert demo.claim(tmp_path / "demo") == tmp_path / "demo-3"
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["events"]


def test_a_directory_that_can_not_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    wanted = tmp_path / "file" / "demo"
    with pytest.raises(LogdirError) as caught:
        demo.claim(wanted)
    assert str(caught.value) == (
        f"can't write to {str(wanted)!r}: Not a directory. "
        "Name a directory that you can write to: gradscope demo --logdir DIRECTORY"
    )


def test_a_file_as_log_directory_is_exit_code_2_before_tensorflow_loads(tmp_path):
    (tmp_path / "file").touch()
    code = (
        "import sys\n"
        "from gradscope.cli.main import main\n"
        f"code = main(['demo', '--logdir', {str(tmp_path / 'file')!r}])\n"
        "print(code, 'tensorflow' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout == "2 False\n"
    assert run.stderr.startswith(f"gradscope demo: can't write to {str(tmp_path / 'file')!r}: ")


@pytest.mark.parametrize("epochs", ["0", "-3", "many", "1.5"])
def test_epochs_that_make_no_sense(epochs, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["demo", f"--epochs={epochs}", "--logdir", str(tmp_path)])
    assert end.value.code == 2
    message = f"argument --epochs: got '{epochs}', expected a whole number from 1 on"
    assert message in capsys.readouterr().err


def test_commands_to_paste_are_relative_and_quoted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert demo._quote(tmp_path / "runs" / "demo") == "runs/demo"
    assert demo._quote(Path("runs/my demo")) == "'runs/my demo'"
    assert demo._quote(Path("/elsewhere/x")) == "/elsewhere/x"


def test_what_is_held_back_is_shown_where_the_start_fails(capfd):
    def start(fails: bool) -> None:
        with demo._stderr_held_back():
            os.write(2, b"a note from C++\n")
            if fails:
                raise ImportError

    start(fails=False)
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError):
        start(fails=True)
    assert capfd.readouterr().err == "a note from C++\n"
    os.write(2, b"and back\n")
    assert capfd.readouterr().err == "and back\n"
