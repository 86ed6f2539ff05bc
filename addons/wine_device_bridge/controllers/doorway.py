# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the doors for devices have in common: no plain HTTP, no endless body, one way to answer."""

import ipaddress
import logging
import random
import time

from psycopg2 import OperationalError
from psycopg2.errors import LockNotAvailable, UniqueViolation

from odoo.http import request

_logger = logging.getLogger(__name__)
#: how often a request is tried where another one was faster, and how long it waits for a lock
TRIES, LOCK_TIMEOUT = 4, "3s"
#: seconds after which a device comes again where the database is busy
BUSY = 5


def is_private(asked):
    """Whether nobody reads along: TLS (a proxy says so), or the machine itself."""
    if asked.scheme == "https":
        return True
    try:
        return ipaddress.ip_address(asked.remote_addr or "").is_loopback
    except ValueError:
        return False


def answer(status, content, **headers):
    """JSON that no proxy keeps; ``Retry_After=5`` is written as header."""
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return request.make_json_response(
        content, status=status, headers={"Cache-Control": "no-store", **named}
    )


def refusal(status, code, text, **headers):
    return answer(status, {"code": code, "text": text}, **headers)


def not_private():
    return refusal(426, "tls", "A secret travels by HTTPS only.", Upgrade="TLS/1.2")


def patiently(work):
    """``work()`` in the request's transaction, anew where another request was faster.

    :return: its answer; 503 where the database stays busy
    """
    cr = request.env.cr
    for attempt in range(TRIES):
        try:
            cr.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            done = work()
            request.env.flush_all()
            return done
        except (OperationalError, UniqueViolation) as error:
            cr.rollback()
            _logger.info("the database is busy: %s", str(error).partition("\n")[0])
            if isinstance(error, LockNotAvailable):
                break
            time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - spreads, hides nothing
    return refusal(503, "busy", "The database is busy. Send it again.", Retry_After=BUSY)
