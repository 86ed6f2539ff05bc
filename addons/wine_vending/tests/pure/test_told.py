# SPDX-License-Identifier: LGPL-3.0-or-later
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.facts import BadFact
from wine_vending_core.told import Told, _lt, told_of

values = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
CHINESE = {"slot %(slot)s is empty": "货道 %(slot)s 已空", "because: %(why)s": "原因：%(why)s"}


def chinese(source, _module):
    return CHINESE.get(source, source)


@given(values)
def test_it_comes_back_from_the_database_as_it_went_in(value):
    told = _lt("a %(value)s", value=value)
    stored = json.loads(json.dumps(told.to_json()))
    assert str(Told.from_json(stored)) == f"a {value}"


def test_positional_arguments():
    told = Told("%s of %s", (1, "two"))
    assert str(Told.from_json(json.loads(json.dumps(told.to_json())))) == "1 of two"


def test_a_sentence_within_a_sentence_is_translated_too():
    told = _lt("because: %(why)s", why=_lt("slot %(slot)s is empty", slot="A1"))
    stored = Told.from_json(json.loads(json.dumps(told.to_json())))
    assert str(stored) == "because: slot A1 is empty"
    assert stored.render(chinese) == "原因：货道 A1 已空"


@pytest.mark.parametrize("broken", ["%(other)s", "%(slot)d", "100%", "%(slot"])
def test_a_translation_that_does_not_fit_is_left_aside(broken):
    told = _lt("slot %(slot)s is empty", slot="A1")
    assert told.render(lambda *_args: broken) == "slot A1 is empty"


def test_without_arguments_a_percent_sign_is_a_percent_sign():
    assert str(_lt("100% wine")) == "100% wine"


def test_an_exception_keeps_its_sentence():
    said = told_of(BadFact(_lt("slot %(slot)s is empty", slot="A1")))
    assert said.render(chinese) == "货道 A1 已空"
    assert str(BadFact(said)) == "slot A1 is empty"
    assert told_of(KeyError("qty")) == "'qty'"
    assert told_of(ValueError()) == ""
