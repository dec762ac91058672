from pathlib import Path

import pytest

from gradscope.errors import RunError
from gradscope.run.locate import event_files, find_runs, locate_run


def put_run(logdir: Path, name: str = "events.out.tfevents.0000000001.host.1.0.gradscope") -> Path:
    file = logdir / "gradscope" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    return file


def test_a_log_directory_is_found(tmp_path):
    file = put_run(tmp_path)
    assert locate_run(tmp_path) == (tmp_path, [file])


def test_so_is_its_sub_directory(tmp_path):
    file = put_run(tmp_path)
    assert locate_run(tmp_path / "gradscope") == (tmp_path, [file])


def test_so_is_a_directory_above_one_run(tmp_path):
    file = put_run(tmp_path / "a" / "b")
    assert locate_run(tmp_path) == (tmp_path / "a" / "b", [file])


def test_a_run_that_was_moved_out_of_its_sub_directory_is_found(tmp_path):
    file = put_run(tmp_path)
    moved = tmp_path / "kept"
    moved.mkdir()
    file.rename(moved / file.name)
    assert locate_run(moved) == (moved, [moved / file.name])


def test_text_is_a_path_too(tmp_path):
    file = put_run(tmp_path)
    assert locate_run(str(tmp_path)) == (tmp_path, [file])


def test_files_of_other_writers_are_passed_over(tmp_path):
    file = put_run(tmp_path)
    put_run(tmp_path, "events.out.tfevents.0000000000.host.1.0.v2")
    assert event_files(tmp_path / "gradscope") == [file]


def test_find_runs_lists_log_directories_in_order(tmp_path):
    for name in ("b", "a/deep", "c"):
        put_run(tmp_path / name)
    assert find_runs(tmp_path) == [tmp_path / "a" / "deep", tmp_path / "b", tmp_path / "c"]


def test_find_runs_finds_nothing_where_nothing_is(tmp_path):
    assert find_runs(tmp_path) == []
    assert find_runs(tmp_path / "missing") == []


def test_a_missing_directory_says_so(tmp_path):
    with pytest.raises(RunError, match=r"there is no directory .*missing'"):
        locate_run(tmp_path / "missing")


def test_a_file_says_what_to_give_instead(tmp_path):
    file = put_run(tmp_path)
    with pytest.raises(RunError, match=r"is a file\. Give the log directory that the Scope"):
        locate_run(file)


def test_no_run_says_so(tmp_path):
    with pytest.raises(RunError, match=r"no gradscope run in .* or below"):
        locate_run(tmp_path)


def test_several_runs_are_listed(tmp_path):
    for index in range(23):
        put_run(tmp_path / f"run{index:02d}")
    with pytest.raises(RunError) as error:
        locate_run(tmp_path)
    message = str(error.value)
    assert "23 runs below" in message and "Name one:" in message
    assert str(tmp_path / "run19") in message and str(tmp_path / "run20") not in message
    assert message.endswith("and 3 more")
