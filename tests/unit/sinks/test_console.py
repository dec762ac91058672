import io
from dataclasses import replace

import pytest

from gradscope.records import Diagnosis, Start, Validation, Verdict
from gradscope.sinks.console import ConsoleSink
from tests.runs import LAYOUT, VANISHING, record

NONFINITE = Verdict("nonfinite", "warning", None, 7, 1.0, "NaN in\nthe loss.")
REMARK = Verdict("loss-plateau", "info", None, 2, 0.5, "The loss stands still.")
SYMPTOM = VANISHING.symptoms[0]


def said(*diagnoses: tuple[Verdict, ...]) -> list[str]:
    stream = io.StringIO()
    sink = ConsoleSink(stream)
    for step, verdicts in enumerate(diagnoses):
        sink.write([Diagnosis(step, 0.0, verdicts)])
    sink.close()
    return stream.getvalue().splitlines()


def test_a_verdict_is_announced_once():
    assert said((VANISHING,), (VANISHING,), (replace(VANISHING, confidence=0.5),)) == [
        "gradscope: critical: vanishing-gradient in net/first/kernel, since step 3: "
        "The gradient shrinks 40-fold from layer to layer. "
        "More: gradscope explain vanishing-gradient"
    ]


def test_a_verdict_on_the_whole_step_takes_one_line():
    assert said((NONFINITE,)) == [
        "gradscope: warning: nonfinite, since step 7: NaN in the loss. "
        "More: gradscope explain nonfinite"
    ]


def test_a_withdrawn_verdict_is_named():
    assert said((VANISHING,), (), ())[1:] == [
        "gradscope: vanishing-gradient no longer holds at step 1."
    ]


def test_one_that_comes_back_is_announced_again():
    lines = said((NONFINITE,), (), (NONFINITE,))
    assert lines[0] == lines[2] and len(lines) == 3


def test_a_cause_that_moves_to_another_layer_is_the_same():
    moved = replace(VANISHING, layer="net/last/kernel")
    assert len(said((VANISHING,), (moved,), (moved, VANISHING), (VANISHING,))) == 1


def test_a_cause_that_gets_worse_is_announced_again():
    worse = replace(NONFINITE, severity="critical")
    lines = said((NONFINITE,), (worse,), (NONFINITE,), (worse,))
    assert [line.split(":")[1] for line in lines] == [" warning", " critical"]


def test_remarks_and_symptoms_are_passed_over():
    assert said((REMARK,), ()) == []
    assert not any("learning-rate-low" in line for line in said((VANISHING,)))


def test_a_verdict_that_another_one_explains_now_is_not_withdrawn():
    assert len(said((SYMPTOM,), (VANISHING,))) == 2


def test_a_verdict_that_is_a_remark_now_is_withdrawn():
    assert said((NONFINITE,), (replace(NONFINITE, severity="info"),))[1:] == [
        "gradscope: nonfinite no longer holds at step 1."
    ]


def test_nothing_else_is_said():
    stream = io.StringIO()
    sink = ConsoleSink(stream)
    sink.write([Start(LAYOUT, 0), record(0), Validation(0, 0.0, {"loss": 1.0})])
    sink.flush()
    sink.close()
    assert stream.getvalue() == ""


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("make", [closed, Gone])
def test_a_stream_that_is_gone_ends_the_talk_and_nothing_else(make):
    sink = ConsoleSink(make())
    sink.write([Diagnosis(0, 0.0, (NONFINITE,))])
    sink.write([Diagnosis(1, 0.0, ())])
    sink.flush()
    sink.close()


def test_a_program_without_standard_error_is_told_nothing(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr", None)
    sink = ConsoleSink()
    sink.write([Diagnosis(0, 0.0, (NONFINITE,))])
    sink.close()
    assert capsys.readouterr().out == ""


def test_a_terminal_of_few_letters_is_written_to():
    raw = io.BytesIO()
    sink = ConsoleSink(io.TextIOWrapper(raw, encoding="ascii"))
    sink.write([Diagnosis(0, 0.0, (replace(NONFINITE, summary="2.4 → 2.3"),))])
    assert raw.getvalue() == (
        b"gradscope: warning: nonfinite, since step 7: 2.4 \\u2192 2.3 "
        b"More: gradscope explain nonfinite\n"
    )


def test_standard_error_is_where_it_goes_by_default(capsys):
    ConsoleSink().write([Diagnosis(0, 0.0, (NONFINITE,))])
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("gradscope: warning: nonfinite")
