import pytest
from werkzeug.datastructures import MultiDict

from gradscope.tensorboard.answers import Window
from gradscope.tensorboard.parameters import BadRequestError, check_rows, text, window


def query(*pairs):
    return MultiDict(pairs)


def complaint(*pairs):
    with pytest.raises(BadRequestError) as raised:
        window(query(*pairs))
    return str(raised.value)


def test_defaults():
    assert window(query()) == Window(None, None, 1000, None, False)


def test_all_of_them():
    asked = [("first", "3"), ("last", "3"), ("columns", "4096"), ("rows", "5,0"), ("band", "1")]
    assert window(query(*asked)) == Window(3, 3, 4096, (5, 0), True)


@pytest.mark.parametrize("name", ["first", "last", "columns", "band"])
@pytest.mark.parametrize(
    "value",
    ["", "-1", "1.5", "1e3", "x", " 1", "1 ", "+1", "0x1", "1_0", "٣", "9" * 19, "1\n", "nan"],
)
def test_what_is_no_whole_number_is_refused(name, value):
    assert complaint((name, value)).startswith(f"{name}: got {value!r}. Expected a whole number")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("columns", "0", "from 1 to 4096."),
        ("columns", "4097", "from 1 to 4096."),
        ("band", "2", "from 0 to 1."),
        ("first", "-5", "of 0 or more."),
    ],
)
def test_what_is_out_of_range_is_refused(name, value, expected):
    assert complaint((name, value)).endswith(expected)


@pytest.mark.parametrize("name", ["first", "last", "columns", "band", "rows"])
def test_twice_is_refused(name):
    assert complaint((name, "1"), (name, "1")) == (
        f"{name}: got 2 values. Expected one: remove the others."
    )


def test_a_range_that_ends_before_it_begins_is_refused():
    assert complaint(("first", "5"), ("last", "4")) == (
        "first, last: got 5 and 4. Expected the first step not to come after the last: swap them."
    )


@pytest.mark.parametrize("value", ["", ",", "1,", "a", "1,-2", "1, 2", "1;2", "9" * 19])
def test_rows_that_are_no_indices_are_refused(value):
    assert complaint(("rows", value)) == (
        f"rows: got {value!r}. Expected comma-separated indices, as 0,3,4."
    )


def test_too_many_rows_are_refused():
    window(query(("rows", ",".join(["1"] * 64))))
    assert complaint(("rows", ",".join(["1"] * 65))).startswith("rows: got more than 64 indices.")
    assert len(complaint(("rows", "1" * 100_000))) < 200


def test_rows_that_there_are_not_are_refused():
    check_rows(Window(rows=(0, 2)), 3)
    check_rows(Window(), 0)
    with pytest.raises(BadRequestError) as raised:
        check_rows(Window(rows=(0, 3)), 3)
    assert str(raised.value) == (
        "rows: got 3. Expected indices from 0 to 2: the statistic has 3 rows in this run."
    )


def test_names():
    assert text(query(("run", "a b<c>")), "run") == "a b<c>"
    for pairs in ((), (("run", ""),), (("run", "a"), ("run", "a")), (("run", "x" * 4097),)):
        with pytest.raises(BadRequestError) as raised:
            text(query(*pairs), "run")
        assert str(raised.value).startswith("run: got ") and len(str(raised.value)) < 200
