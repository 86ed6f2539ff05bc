# SPDX-License-Identifier: LGPL-3.0-or-later
"""Questions of consumers on the way into the inbox: set aside for the fast lane, tokens masked."""

import hashlib
import hmac
import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta, timezone

from psycopg2.extras import execute_values

#: wakes the fast lane
CHANNEL = "wine_bridge_auth"
KIND = "auth.request"
#: what the machine's synchronised clock puts so far back (seconds) is over: nobody stands there
LONG_AGO = 10
MASK = "***"
#: where a payload is no JSON: a text, an array, an object or a number, cut off or not
_TOKEN = re.compile(
    r"""("token"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|$)|\[[^\]]*\]?|\{[^}]*\}?|[^\s,}\]]+)"""
)


def without_token(kind, data):
    """What the inbox keeps of an event's data."""
    return {**data, "token": MASK} if kind == KIND and "token" in data else data


def text_without_token(text):
    """What quarantine keeps of a payload as received, however the token was written."""
    if "token" not in text and "\\u" not in text:
        return text
    with suppress(ValueError, RecursionError):  # no JSON, or too deep: by its letters, below
        content = json.loads(text)
        hidden = _hidden(content)
        if hidden != content:
            text = json.dumps(hidden, ensure_ascii=False)
            text = text.encode("utf-8", "backslashreplace").decode()
    return _TOKEN.sub(rf'\1"{MASK}"', text)


def _hidden(content):
    if isinstance(content, dict):
        return {
            name: MASK if name == "token" else _hidden(value) for name, value in content.items()
        }
    if isinstance(content, str):  # JSON within JSON
        return text_without_token(content)
    return [_hidden(item) for item in content] if isinstance(content, list) else content


def known_again(item, secret):
    """A message with a fingerprint that can be kept: one of a few digits could be guessed from it.

    Made with the database's secret, the same message has the same one; nobody tries tokens out.

    :param item: :class:`~..core.envelope.Envelope`; :param secret: returns :func:`secret_of`
    """
    if item.type != KIND or item.channel != "evt":
        return item
    kept = hmac.new(secret().encode(), item.digest.encode(), hashlib.sha256).hexdigest()
    return replace(item, digest=kept)


def secret_of(cr):
    """The database's own secret."""
    cr.execute("SELECT value FROM ir_config_parameter WHERE key = 'database.secret'")
    return (cr.fetchone() or [""])[0]


def put_aside(cr, fresh):
    """Store the questions among fresh entries (uuid, Known, Envelope, Publish); wakes the lane.

    :return: how many there were
    """
    asked = [entry for entry in fresh if entry[2].type == KIND and entry[2].channel == "evt"]
    if not asked:
        return 0
    secret = secret_of(cr)
    execute_values(
        cr._obj,
        """INSERT INTO wine_bridge_auth (machine_id, request_id, event_id, kind, token, token_mark,
               slot_code, received_at, state, create_uid, create_date) VALUES %s
           ON CONFLICT (machine_id, request_id) DO NOTHING""",
        [_row(known, item, publish, secret) for _uuid, known, item, publish in asked],
        template="(%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, now() AT TIME ZONE 'UTC')",
    )
    cr.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return len(asked)


def _row(known, item, publish, secret):
    data = item.data
    over = _is_over(item, publish.received.replace(tzinfo=timezone.utc))
    return (
        known.id,
        data["request_id"].lower(),
        item.id,
        data["kind"],
        None if over else data["token"],
        mark(secret, data["token"]),
        data.get("slot"),
        publish.received,
        "late" if over else "new",
    )


def _is_over(item, received):
    """Whether it comes from a journal, or was asked long before it was received."""
    told = item.ts if item.ts_q == "synced" else None
    return bool(item.hist or (told and told < received - timedelta(seconds=LONG_AGO)))


def mark(secret, token):
    """By what a token is known again, by nobody without the database's secret."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()[:8]
