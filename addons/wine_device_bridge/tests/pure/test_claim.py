# SPDX-License-Identifier: LGPL-3.0-or-later
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wine_device_bridge_core import claim

any_text = st.text(max_size=60)


def test_codes_differ_and_read_well():
    codes = {claim.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert not set("".join(codes)) & set("ILOU")
    assert all(claim.normal(code) for code in codes)


@pytest.mark.parametrize("typed", ["10abc-de0fg", "IO ABC DE O F G", "lOABCDEOFG", "10ABCDE0FG"])
def test_what_is_read_wrongly_is_put_right(typed):
    assert claim.matches(typed, claim.hashed("10ABC-DE0FG"))


@pytest.mark.parametrize(
    "typed", [None, 7, "", "10ABC", "10ABC-DE0FGH", "10ABC-DE0FU", "x" * 10**6]
)
def test_what_is_no_code(typed):
    assert claim.normal(typed) is None
    assert not claim.matches(typed, claim.hashed("10ABC-DE0FG"))


@given(any_text)
@settings(max_examples=200, deadline=None)
def test_anything_may_be_typed(text):
    signs = claim.normal(text)
    assert signs is None or (len(signs) == claim.LENGTH and claim.normal(signs) == signs)


def test_nothing_of_the_code_is_kept():
    code = claim.new_code()
    line = claim.hashed(code)
    assert code not in line and claim.normal(code) not in line
    assert line != claim.hashed(code)
    assert not claim.matches(claim.new_code(), line)
    assert not claim.matches(code, False)
