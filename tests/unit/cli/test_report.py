"""`gradscope report`, on run files that the real writer wrote."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.cli.main import main
from gradscope.tensorboard import metadata
from tests.unit.cli.views import LONG, VANISHING, write_run


def test_a_run_is_shown_from_disk(tmp_path, capsys):
    write_run(tmp_path / "run", verdicts=(VANISHING,))
    assert main(["report", str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        str(tmp_path / "run"),
        "loss, first → last step: 2 → 2  ████████████",
        "validation accuracy, first → last step: 0.5 → 0.5  ████████████",
    ]
    text = "\n".join(lines)
    assert "▸first/kernel" in text
    assert "gradscope: not healthy. 4 recorded steps." in text
    assert "[critical] vanishing-gradient" in text
    assert f"    {VANISHING.remedy.code}" in lines


def test_all_shows_every_variable(tmp_path, capsys):
    write_run(tmp_path)
    main(["report", str(tmp_path)])
    assert "first/bias" not in capsys.readouterr().out
    main(["report", str(tmp_path), "--all"])
    assert "first/bias" in capsys.readouterr().out


def test_every_run_below_a_directory_is_shown(tmp_path, capsys):
    write_run(tmp_path / "b", columns=LONG)
    write_run(tmp_path / "a", verdicts=(VANISHING,))
    assert main(["report", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.index(str(tmp_path / "a")) < out.index(str(tmp_path / "b"))
    assert out.index("not healthy") < out.index("gradscope: healthy")


def test_a_run_hides_the_runs_below_it(tmp_path, capsys):
    write_run(tmp_path)
    write_run(tmp_path / "other")
    main(["report", str(tmp_path)])
    assert str(tmp_path / "other") not in capsys.readouterr().out


def test_json_of_one_run_is_an_object(tmp_path, capsys):
    write_run(tmp_path, verdicts=(VANISHING,))
    assert main(["report", "--format", "json", str(tmp_path)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["healthy"] is False
    assert data["steps"] == 4
    assert data["logdir"] == str(tmp_path)
    assert [verdict["cause"] for verdict in data["verdicts"]] == ["vanishing-gradient"]


def test_json_of_several_runs_is_a_list(tmp_path, capsys):
    write_run(tmp_path / "a", verdicts=(VANISHING,))
    write_run(tmp_path / "b")
    main(["report", "--format", "json", str(tmp_path)])
    assert [run["healthy"] for run in json.loads(capsys.readouterr().out)] == [False, True]


def test_markdown_has_a_section_for_each_run(tmp_path, capsys):
    write_run(tmp_path / "a", verdicts=(VANISHING,))
    write_run(tmp_path / "b", columns=LONG)
    main(["report", "--format", "markdown", str(tmp_path)])
    out = capsys.readouterr().out
    assert f"## {tmp_path / 'a'}\n\n**gradscope: not healthy. 4 recorded steps.**" in out
    assert "### vanishing-gradient in `net/first/kernel`" in out
    assert f"## {tmp_path / 'b'}\n\n**gradscope: healthy." in out


def test_markdown_tells_the_layers_worst_first(tmp_path, capsys):
    last = dataclasses.replace(VANISHING, layer="net/last/kernel", symptoms=())
    write_run(tmp_path, verdicts=(last,))
    main(["report", "--format", "markdown", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith(("| `net", "| **`net"))]
    assert rows == [
        "| **`net/last/kernel`** | 1 | 100 | 10 | 0.001 | 2 |  |  |",
        "| `net/first/kernel` | 1.0e-07 | 1.0e-07 | 1.0e-07 | 2.0e-09 | 5 |  | 40% |",
        "| `net/relu` |  |  |  |  |  | 75% | 12% |",
    ]
    place = lines.index(rows[0])
    assert lines[place - 1].count("|") == rows[0].count("|"), "as many columns as the header"
    assert "First → last recorded step: training 2 → 2, validation accuracy 0.5 → 0.5." in lines
    main(["report", "--format", "markdown", "--sort", "depth", str(tmp_path)])
    out = capsys.readouterr().out
    assert out.index("`net/first/kernel`") < out.index("**`net/last/kernel`**")


def test_a_name_can_not_end_its_cell_or_its_code(tmp_path, capsys):
    write_run(tmp_path, columns={"grad_norm": {"a|b`c\nd/kernel": [1.0] * 4}})
    main(["report", "--format", "markdown", str(tmp_path)])
    assert "| `` a\\|b`c d/kernel `` | 1 | 1 | 1 |" in capsys.readouterr().out


def test_json_holds_the_course_of_each_layer(tmp_path, capsys):
    write_run(tmp_path, verdicts=(VANISHING,))
    main(["report", "--format", "json", str(tmp_path)])
    data = json.loads(capsys.readouterr().out)
    assert (data["version"], data["first_step"], data["last_step"]) == (1, 0, 30)
    assert data["loss"] == {"first": 2.0, "last": 2.0, "median": 2.0, "finite": True}
    assert data["validation"]["accuracy"]["last"] == 0.5
    layers = {layer["name"]: layer for layer in data["layers"]}
    assert [*layers][:: len(layers) - 1] == ["net/first/kernel", "net/last/bias"]
    assert layers["net/first/kernel"] == {
        "name": "net/first/kernel",
        "layer": "net/first",
        "grad_norm": {"first": 1e-7, "last": 1e-7, "median": 1e-7, "finite": True},
        "update_ratio": 2e-9,
        "weight_norm": 5.0,
        "dead_fraction": None,
        "saturated_fraction": 0.4,
        "verdicts": ["vanishing-gradient"],
    }
    assert layers["net/last/kernel"]["grad_norm"]["finite"] is False
    assert layers["net/relu"]["grad_norm"] is None and layers["net/relu"]["verdicts"] == []


def test_the_keys_of_the_json_are_those_that_the_docs_name(tmp_path, capsys):
    write_run(tmp_path, verdicts=(VANISHING,))
    docs = (Path(__file__).parents[3] / "docs" / "report-formats.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", docs))
    main(["report", "--format", "json", str(tmp_path)])
    data = json.loads(capsys.readouterr().out)
    main(["check", "--format", "json", str(tmp_path)])
    checked = json.loads(capsys.readouterr().out)
    parts = [data, data["verdicts"][0], data["verdicts"][0]["remedy"], data["loss"]]
    parts += [data["layers"][0], checked, checked["runs"][0]]
    assert {key for part in parts for key in part} <= named


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_output_goes_to_a_file_and_says_so(form, tmp_path, capsys):
    write_run(tmp_path / "run", verdicts=(VANISHING,))
    file = tmp_path / "page"
    assert main(["report", str(tmp_path / "run"), "--format", form, "--output", str(file)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    text = file.read_text(encoding="utf-8")
    assert captured.err == f"wrote {file} ({len(text.encode()) / 1000:.0f} kB)\n"
    assert "vanishing-gradient" in text and "\x1b" not in text
    assert text.endswith("\n")


def test_a_file_that_can_not_be_written_is_said(tmp_path, capsys):
    write_run(tmp_path / "run")
    file = tmp_path / "missing" / "page.html"
    assert main(["report", str(tmp_path / "run"), "--format", "html", "--output", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"gradscope report: can't write {str(file)!r}: No such file or directory. "
        "Name a file in a directory that exists and that you can write to.\n"
    )


def test_html_goes_to_a_pipe_but_not_to_a_terminal(tmp_path, capsys, monkeypatch):
    write_run(tmp_path, verdicts=(VANISHING,))
    assert main(["report", str(tmp_path), "--format", "html"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["report", str(tmp_path), "--format", "html"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "gradscope report: a terminal can't show html. "
        "Name a file, as in --output report.html, or pipe it.\n"
    )


def test_what_could_not_be_read_is_said_on_standard_error(tmp_path, capsys):
    write_run(tmp_path)
    (file,) = (tmp_path / "gradscope").iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    assert main(["report", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("note: ") and "the last record is incomplete" in captured.err
    assert "first → last step: 2 → 2" in captured.out


@pytest.mark.parametrize("command", ["report", "check"])
def test_where_there_is_no_run(command, tmp_path, capsys):
    missing = tmp_path / "nothing"
    assert main([command, str(missing)]) == 2
    error = capsys.readouterr().err
    assert error == f"gradscope {command}: there is no directory {str(missing)!r}.\n"
    assert main([command, str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"gradscope {command}: no gradscope run in {str(tmp_path)!r} or below. "
        "Expected the log directory that the Scope was given.\n"
    )


@pytest.mark.parametrize("command", ["report", "check"])
def test_a_run_of_a_newer_gradscope_is_named(command, tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(metadata, "SCHEMA_VERSION", metadata.SCHEMA_VERSION + 1)
        write_run(tmp_path / "new")
    assert main([command, str(tmp_path / "new")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"gradscope {command}: ")
    assert repr(str(tmp_path / "new")) in error and "written by a newer gradscope" in error


@pytest.mark.parametrize("command", ["report", "check"])
def test_one_run_that_cannot_be_read_does_not_hide_the_others(
    command, tmp_path, capsys, monkeypatch
):
    write_run(tmp_path / "a", verdicts=(VANISHING,))
    write_run(tmp_path / "c", columns=LONG)
    with monkeypatch.context() as newer:
        newer.setattr(metadata, "SCHEMA_VERSION", metadata.SCHEMA_VERSION + 1)
        write_run(tmp_path / "b")
    assert main([command, str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "[critical] vanishing-gradient" in captured.out
    assert "gradscope: healthy. " in captured.out
    assert repr(str(tmp_path / "b")) in captured.err
    assert captured.err.count("\n") == 1, "one line, no traceback"


def test_json_stays_a_list_where_only_one_of_several_can_be_read(tmp_path, capsys, monkeypatch):
    write_run(tmp_path / "a")
    with monkeypatch.context() as newer:
        newer.setattr(metadata, "SCHEMA_VERSION", metadata.SCHEMA_VERSION + 1)
        write_run(tmp_path / "b")
    assert main(["report", "--format", "json", str(tmp_path)]) == 2
    assert [run["logdir"] for run in json.loads(capsys.readouterr().out)] == [str(tmp_path / "a")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["report"],
        ["report", "--format", "json"],
        ["report", "--format", "markdown"],
        ["report", "--format", "html"],
        ["check"],
        ["check", "--format", "json"],
    ],
    ids=" ".join,
)
def test_reading_loads_nothing_that_is_slow(arguments, tmp_path):
    write_run(tmp_path, verdicts=(VANISHING,))
    slow = ("tensorflow", "keras", "tensorflow_probability", "pandas", "matplotlib", "scipy", "PIL")
    code = (
        "import sys\n"
        "from gradscope.cli.main import main\n"
        f"code = main([*{arguments!r}, {str(tmp_path)!r}])\n"
        f"print(code, [name for name in {slow!r} if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    assert "vanishing-gradient" in run.stdout
    assert run.stdout.splitlines()[-1] == f"{0 if arguments[0] == 'report' else 1} []"


def test_a_run_that_was_cut_off_before_its_first_verdicts_is_judged_now(tmp_path, capsys):
    """No stored verdict must not read as healthy."""
    norms = {"net/a/kernel": [1.0, 1.0, float("nan"), float("nan")]}
    bad = {"net/a/kernel": [0.0, 0.0, 3.0, 3.0]}
    columns = {"grad_norm": norms, "nonfinite_count": bad, "loss": {"loss": [1.0, 1.0, 1.0, 1.0]}}
    long = {s: {name: v * 5 for name, v in names.items()} for s, names in columns.items()}
    write_run(tmp_path, columns=columns, verdicts=None)
    assert main(["check", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.err == f"note: {str(tmp_path)!r} holds no verdicts yet; judging it now.\n"
    assert "[critical] nonfinite" in captured.out
    write_run(tmp_path / "judged", columns=long, verdicts=())
    assert main(["check", str(tmp_path / "judged")]) == 0, "stored verdicts are not judged anew"


def test_a_reader_of_the_text_that_has_seen_enough_is_no_error(tmp_path):
    write_run(tmp_path, verdicts=(dataclasses.replace(VANISHING, summary="x" * 1_000_000),))
    with subprocess.Popen(
        [sys.executable, "-m", "gradscope", "report", str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_of_runs_that_can_not_be_read_there_is_no_page(form, tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / name / "gradscope").mkdir(parents=True)
        file = tmp_path / name / "gradscope" / "events.out.tfevents.1.host.1.0.gradscope"
        file.write_bytes(b"\x01" * 30)
    page = tmp_path / "page"
    assert main(["report", "--format", form, "--output", str(page), str(tmp_path)]) == 2
    assert not page.exists()
    assert capsys.readouterr().err.count("can be read") == 2


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_a_name_that_is_no_utf8_is_shown_all_the_same(form, tmp_path):
    columns = {"grad_norm": {"\ud800/kernel": [1.0] * 4}}
    # TensorFlow writes to no such path, but a directory can be renamed
    run = write_run(tmp_path / "run", columns).rename(tmp_path / os.fsdecode(b"r\xff"))
    page = tmp_path / "page"
    assert main(["report", "--format", form, "--output", str(page), str(run)]) == 0
    assert "kernel" in page.read_text("utf-8")
