# SPDX-License-Identifier: LGPL-3.0-or-later
import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wine_device_bridge_core.password import (
    ITERATIONS,
    derived,
    hashed,
    matches,
    new_secret,
    read_keys,
)

secrets = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=30, deadline=None)
@given(secrets, secrets, st.binary(min_size=1, max_size=16))
def test_a_line_belongs_to_one_secret(secret, other, salt):
    line = hashed(secret, salt, iterations=2)
    assert matches(secret, line)
    assert matches(other, line) is (other == secret)


@settings(max_examples=30, deadline=None)
@given(secrets.filter(lambda secret: len(secret) > 3))
def test_the_secret_is_not_in_the_line(secret):
    line = hashed(secret, iterations=2)
    assert secret not in line
    assert base64.b64encode(secret.encode()).decode() not in line


def test_the_form_that_mosquitto_reads():
    empty, kind, iterations, salt, key = hashed("secret").split("$")
    assert (empty, kind, int(iterations)) == ("", "7", ITERATIONS)
    assert len(base64.b64decode(salt)) == 12
    assert len(base64.b64decode(key)) == 64


def test_new_secrets():
    made = {new_secret() for _time in range(100)}
    assert len(made) == 100
    assert all(len(secret) >= 43 and not set(secret) & set(":$\n ") for secret in made)


def test_salts_differ():
    assert hashed("a", iterations=1) != hashed("a", iterations=1)


def test_another_kind_of_hash_matches_nothing():
    assert not matches("a", hashed("a", iterations=1).replace("$7$", "$6$"))


@pytest.mark.parametrize("line", ["", "plain", "$7$x", "$7$a$b$c$d$e"])
def test_what_is_no_line_raises(line):
    """Lines are ours: a broken one is an error and never a match."""
    with pytest.raises(ValueError, match="unpack"):
        matches("a", line)


KEY = base64.b64encode(bytes(range(32))).decode()


def test_a_derived_secret_is_of_one_machine_and_version():
    key = next(iter(read_keys(KEY).values()))
    made = {derived(key, machine, version) for machine in "ab" for version in (1, 2, 12)}
    assert len(made) == 6 and all(len(secret) == 43 for secret in made)
    assert derived(key, "a", 1) == derived(key, "a", 1)
    assert derived(bytes(32), "a", 1) != derived(key, "a", 1)


def test_keys_are_told_apart_without_saying_them():
    other = base64.urlsafe_b64encode(b"\xff" * 32).decode()
    keys = read_keys(f"{KEY}, {other}")
    assert list(keys.values()) == [bytes(range(32)), b"\xff" * 32]
    assert all(len(name) == 12 and name not in KEY for name in keys)
    assert read_keys("") == read_keys(None) == {}


@pytest.mark.parametrize("text", ["short", base64.b64encode(b"x" * 31).decode(), "no base64 !" * 9])
def test_a_key_that_is_none_is_not_shown(text):
    with pytest.raises(ValueError, match="openssl rand") as caught:
        read_keys(text)
    assert text not in str(caught.value)


def test_our_salt_is_printable():
    salt = base64.b64decode(hashed("secret").split("$")[3])
    assert salt.decode("ascii").isprintable()
