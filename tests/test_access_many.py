# SPDX-License-Identifier: LGPL-3.0-or-later
"""2,000 machines at one broker: a revocation waits for none of the others, two seconds at most.

The part of the bridge that tells the broker runs in this process, so that a test can decide
something at a known moment of its work; database, broker and connections are real.
"""

import json
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tests.bench.crowd import machines
from tests.harness import House
from tests.test_broker_access import Device
from tools.env import mosquitto

pytestmark = pytest.mark.alone
COUNT, BOUND = 2000, 2.0


@pytest.fixture(scope="module")
def house():
    with House("wine_access_many", access=mosquitto.DYNSEC) as made:
        made.machines = sorted(made.do(lambda env: machines(env, COUNT)))
        with made.env() as env:
            env.cr.execute("DELETE FROM wine_bridge_credential")
        yield made


def issue(house):
    """Every machine has a credential of version 2, and the broker is said to know it."""
    (name,) = keys(house)
    with house.env() as env:
        env.cr.execute("DELETE FROM wine_bridge_credential")
        env.cr.execute(
            """INSERT INTO wine_bridge_credential
                      (machine_id, version, key_name, state, stand, applied, issued_at)
               SELECT id, 2, %s, 'active', 'on:2', 'on:2', now() AT TIME ZONE 'UTC'
                 FROM wine_machine WHERE uuid = ANY(%s)""",
            [name, house.machines],
        )


def keys(house):
    from odoo.addons.wine_device_bridge.core.password import read_keys

    return read_keys(house.broker.key)


def secret(house, uuid, version):
    from odoo.addons.wine_device_bridge.core.password import derived

    (key,) = keys(house).values()
    return derived(key, uuid, version)


def restart(house, version):
    """The broker ends, and begins with a file in which all machines have this version."""
    from odoo.addons.wine_device_bridge.core import dynsec

    house.broker.stop()
    path = house.broker.home / "dynamic-security.json"
    lines = {
        uuid: mosquitto.passwd_line("", secret(house, uuid, version)).strip().removeprefix(":")
        for uuid in house.machines
    }
    accounts = {uuid: (version, line) for uuid, line in lines.items()}
    bridge = mosquitto.passwd_line("", house.broker.bridge_password).strip().removeprefix(":")
    document = dynsec.document(f"wine/v1/{house.name}", accounts, {mosquitto.BRIDGE: bridge})
    path.write_text(json.dumps(document))
    mosquitto.own(path)
    mosquitto.start(house.broker)


@contextmanager
def telling(house):
    """What the bridge does to tell the broker, and nothing else of the bridge."""
    from odoo.addons.wine_device_bridge.process.access import Access, AccessSettings

    broker, stopping = house.broker, threading.Event()
    settings = SimpleNamespace(
        database=house.name,
        host=broker.host,
        port=broker.port,
        user=mosquitto.BRIDGE,
        password=broker.bridge_password,
        ca="",
        root="wine/v1",
        tenant=house.name,
    )
    access = Access(settings, AccessSettings(mosquitto.DYNSEC, keys=keys(house)), stopping)
    access.asked = []
    ask = access.adapter.control.ask

    def noted(commands):
        answers = ask(commands)
        access.asked += [(one["command"], one.get("username")) for one in commands]
        return answers

    access.adapter.control.ask = noted
    thread = threading.Thread(target=access.run, daemon=True)
    thread.start()
    try:
        yield access
    finally:
        stopping.set()
        thread.join(30)
        assert not thread.is_alive(), "it does not end when it is told to"


def revoke(house, uuid):
    """As on the form; returns when it was committed."""

    def work(env):
        env["wine.machine"].search([("uuid", "=", uuid)]).action_revoke_credential()

    house.do(work)
    return time.monotonic()


def soon(house, condition, seconds=30):
    return house.until(condition, seconds, step=lambda: time.sleep(0.01))


def test_decided_while_the_broker_was_away(house):
    """It is the first thing that the broker hears, before anybody asks what it has."""
    issue(house)
    restart(house, 2)
    with telling(house) as access:
        assert soon(house, lambda: access.adapter.seen), "the broker is not looked at"
        house.broker.stop()
        assert soon(house, lambda: not access.adapter.control.ready)
        uuid = house.machines[COUNT // 2]
        revoke(house, uuid)
        # tried in vain meanwhile, it is not put off when the broker is there again
        assert soon(
            house,
            lambda: house.query(
                "SELECT 1 FROM wine_bridge_credential WHERE fault IS NOT NULL AND retry_at > now()"
            ),
        )
        session, begun = access.adapter.control.session, len(access.asked)
        restart(house, 2)
        board = Device(house.broker, uuid, secret(house, uuid, 2))
        assert board.is_in or board.gone.is_set()
        assert soon(house, lambda: access.adapter.control.session > session)
        since = time.monotonic()
        assert board.gone.wait(10), "still connected"
        assert time.monotonic() - since <= BOUND
        assert soon(house, lambda: access.adapter.seen == access.adapter.control.session)
        heard = [one for one in access.asked[begun:] if one[0] != "setDefaultACLAccess"]
        closed, looked = heard.index(("disableClient", uuid)), heard.index(("listClients", None))
        assert closed < looked, "it is asked what it has before it is told whom to shut out"


def test_decided_while_an_old_file_is_mended(house):
    """2,000 machines wait to be told anew, and nobody who is shut out waits behind them."""
    issue(house)
    restart(house, 1)
    with telling(house) as access:
        uuids = house.machines[-1], house.machines[COUNT // 2]
        boards = [Device(house.broker, uuid, secret(house, uuid, 1)) for uuid in uuids]
        assert all(board.is_in for board in boards)
        waiting = lambda: house.query(  # noqa: E731
            "SELECT count(*) FROM wine_bridge_credential WHERE applied IS NULL"
        )[0][0]
        assert soon(house, lambda: waiting() > COUNT / 2), "nobody sees that the file is old"
        for board, uuid in zip(boards, uuids, strict=True):
            before = waiting()
            since = revoke(house, uuid)
            assert board.gone.wait(10), "still connected"
            assert time.monotonic() - since <= BOUND
            assert soon(house, lambda before=before: waiting() < before), "nothing is mended"
        assert waiting() > COUNT / 2, "it was mended before anybody could be shut out"
        assert not access.faults, "the broker was asked for more at once than it can do"
