"""Claims about months as parameters and as ranges of time."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from flows.trips.month import Month, Months, bounds, each, following

months = st.builds("{:04d}-{:02d}".format, st.integers(2014, 9998), st.integers(1, 12))


@given(months)
def test_a_month_ends_where_the_following_one_begins(month):
    assert bounds(month)[1] == bounds(following(month))[0]


@given(months)
def test_a_month_has_28_to_31_days(month):
    first, after = bounds(month)
    assert first.day == after.day == 1
    assert 28 <= (after - first).days <= 31


@given(st.text(max_size=9) | st.from_regex(r"\A\d{4}-\d\d\Z"))
def test_whatever_is_accepted_as_a_month_has_bounds(text):
    try:
        month = TypeAdapter(Month).validate_python(text)
    except ValidationError:
        return
    assert bounds(month)[0].strftime("%Y-%m") == text


def test_december_is_followed_by_january():
    assert following("2023-12") == "2024-01"


def test_a_range_holds_both_ends_across_the_year():
    assert each("2022-11..2023-02") == ["2022-11", "2022-12", "2023-01", "2023-02"]


def test_a_single_month_is_a_range_of_one():
    assert each("2023-01") == ["2023-01"]


def test_bounds_are_midnights_of_two_firsts():
    assert bounds("2023-12") == (datetime(2023, 12, 1), datetime(2024, 1, 1))


@pytest.mark.parametrize("text", ["2023-13", "2023-00", "2023-1", "202301", "", "2023-01-01", " 2023-01", "٢٠٢٣-01"])
def test_what_is_no_month_is_refused_with_an_example(text):
    with pytest.raises(ValidationError, match="write year and month as 2023-01"):
        TypeAdapter(Month).validate_python(text)


def test_a_month_before_green_taxis_is_refused():
    with pytest.raises(ValidationError, match="2013-07.*before 2013-08, when green taxis began"):
        TypeAdapter(Month).validate_python("2013-07")


@pytest.mark.parametrize("text", ["2023-01..", "..2023-01", "2023-01..2023-13", "2023-01..2023-02..2023-03"])
def test_half_a_range_is_refused(text):
    with pytest.raises(ValidationError, match="is not a month"):
        TypeAdapter(Months).validate_python(text)


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValidationError, match="write the earlier one first"):
        TypeAdapter(Months).validate_python("2023-03..2023-01")


def test_a_good_month_and_range_pass_unchanged():
    assert TypeAdapter(Month).validate_python("2023-01") == "2023-01"
    assert TypeAdapter(Months).validate_python("2023-01..2023-03") == "2023-01..2023-03"
