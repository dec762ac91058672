"""XLA's reports on memory."""

import pytest

from gradscope.bench import memory


def report(folder, number, head):
    name = f"module_{number:04}.a_step.cpu_after_optimizations-memory-usage-report.txt"
    (folder / name).write_text(f"{head}\n\nAllocations sorted by size:\n")


def test_the_step_is_the_largest_of_the_programs(tmp_path):
    report(tmp_path, 0, "Total bytes used: 96 (96B)")
    report(tmp_path, 12, "Total bytes used: 25798284 (24.60MiB)")
    assert memory.largest_program(tmp_path) == 25798284


def test_no_report(tmp_path):
    with pytest.raises(memory.MemoryUnknownError, match="wrote no report"):
        memory.largest_program(tmp_path)


def test_a_report_of_another_form(tmp_path):
    report(tmp_path, 0, "Bytes: many")
    with pytest.raises(memory.MemoryUnknownError, match="in an unknown way"):
        memory.largest_program(tmp_path)
