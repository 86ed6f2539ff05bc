# SPDX-License-Identifier: LGPL-3.0-or-later
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core.copies import is_copied


@pytest.mark.parametrize(
    ("boots", "copied"),
    [
        ("", False),
        ("aaaa", False),
        ("abcd", False),
        ("aabbb", False),
        ("aba", False),  # one return: births of one reconnection in another order
        ("abab", True),
        ("aabbaab", True),
        ("abcabc", True),
    ],
)
def test_boots(boots, copied):
    assert is_copied(boots) is copied


@given(st.lists(st.tuples(st.uuids(), st.integers(1, 9)), unique_by=lambda each: each[0]))
def test_one_board_is_never_taken_for_two(sessions):
    """However often it starts anew and connects again."""
    assert not is_copied([boot for boot, times in sessions for _n in range(times)])


@given(st.uuids(), st.uuids(), st.integers(2, 9))
def test_two_that_throw_each_other_out_always_are(one, other, times):
    assert is_copied([one, other] * times) is (one != other)
