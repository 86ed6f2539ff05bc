# SPDX-License-Identifier: LGPL-3.0-or-later
import io
import logging

import pytest
from wine_device_bridge_core import masking, password
from wine_device_bridge_core.masking import masked

SECRET = "Xk3-very_secret~value/9+="


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"'password': '{SECRET}'",
        f'{{"password": "{SECRET}", "username": "m"}}',
        f"WINE_MQTT_PASSWORD={SECRET} next",
        f"client_secret: {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"authorization: bearer {SECRET}",
        f"mqtt://bridge:{SECRET.replace('/', '_')}@broker:1883",
        f"claim_code={SECRET}",
        f"WINE_BROKER_KEY={SECRET}",
    ],
)
def test_what_looks_like_a_secret(text):
    result = masked(text)
    assert SECRET not in result and SECRET.replace("/", "_") not in result
    assert masking.MASK in result


def test_a_hash_is_no_business_of_a_log():
    line = password.hashed("hush")
    assert line.split("$")[4] not in masked(f"user {line} stored")


@pytest.mark.parametrize(
    "text",
    [
        "stored 12, duplicates 0, waiting 3",
        "machine 0190f2a4-0000-7000-8000-00000000000a: connection lost",
        "connected to 127.0.0.1:1883",
        "GET /wine/health?x=1 200",
    ],
)
def test_the_rest_stays(text):
    assert masked(text) == text


def test_known_secrets_are_masked_anywhere():
    assert masked("said hush-hush aloud", ["hush-hush", ""]) == "said *** aloud"


def test_tracebacks_too():
    stream = io.StringIO()
    logger = logging.Logger("test")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    masking.install(["plain-key"], logger)
    masking.install(["plain-key"], logger)
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        logger.exception("with %s", "plain-key")
    text = stream.getvalue()
    assert text.startswith("ERROR with ***") and "Traceback" in text
    assert SECRET not in text and "plain-key" not in text
