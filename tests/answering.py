# SPDX-License-Identifier: LGPL-3.0-or-later
"""A bridge with a wing that knows tokens: started as its command does, patched from outside.

The product has no such wing yet. Tokens say what is to happen: ``OFFER``, ``VEND``, ``RAISE``,
``SLOW``; all others go to the product's own answer.
"""

import os
import signal
import sys
import threading
import time

#: longer than anybody waits (seconds)
SLOW = 4.0
DIE = "WINE_ANSWERING_DIE"
armed = threading.Event()


def _wing(inner):
    from odoo.addons.wine_vending.core.auth import Authorised, Offer

    def answer(machines, requests):
        answers = inner(machines, requests)
        for request in requests:
            machine = request.machine
            slots = machine.slot_ids.filtered(lambda slot: slot.product_id and slot.qty > 1)
            if "SLOW" in request.token:
                machine.name = "Renamed by a hook that was too slow"
                machine.flush_recordset()
                time.sleep(SLOW)
            if "RAISE" in request.token:
                raise RuntimeError(f"nothing is known of {request.token}")
            if "VEND" in request.token and request.slot:
                slot = slots.filtered(lambda slot, code=request.slot: slot.code == code)
                vend = machine.env["wine.vend"]._reserve(slot, "wallet")
                vend._authorise(age_checked=True)
                answers[request] = Authorised(vend)
            elif "OFFER" in request.token or "VEND" in request.token:
                codes = tuple(slots[:2].mapped("code")) if "VEND" in request.token else ()
                answers[request] = Offer("Ann", codes, "25.00", machine.currency_id.name)
        return answers

    return answer


def _die():
    if armed.is_set():
        os.kill(os.getpid(), signal.SIGKILL)


def _after(owner, name, nothing_done=()):
    inner = getattr(owner, name)

    def outer(*args, **kwargs):
        result = inner(*args, **kwargs)
        if result not in nothing_done:
            _die()
        return result

    setattr(owner, name, outer)


def _arm(point):
    """``claimed``: nobody decides it; ``decided``: committed, not sent; ``sent``: not marked."""
    from odoo.addons.wine_device_bridge.process import auth, link, outbox

    def no_sending(_outbox, _cr):
        if armed.is_set():
            time.sleep(60)  # whoever sends is not as fast as the death of this process
        return take(_outbox, _cr)

    if point == "claimed":
        _after(auth.AuthLane, "_claim", nothing_done=([],))
    elif point == "decided":
        take = outbox.Outbox._take
        outbox.Outbox._take = no_sending
        _after(auth.AuthLane, "_in_transaction")
    elif point == "sent":
        _after(link.Link, "delivered")
    signal.signal(signal.SIGUSR1, lambda _number, _frame: armed.set())


def main(*arguments):
    """``python -m tests.answering -c CONF -d DATABASE``."""
    from odoo.cli.command import find_command
    from odoo.tools import config

    config.parse_config(list(arguments), setup_logging=False)
    from odoo.addons.wine_vending.models.wine_machine_auth import WineMachine

    WineMachine._auth_request = _wing(WineMachine._auth_request)
    if os.environ.get(DIE):
        _arm(os.environ[DIE])
    find_command("wine_bridge")().run(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
