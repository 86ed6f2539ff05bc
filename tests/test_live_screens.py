# SPDX-License-Identifier: LGPL-3.0-or-later
"""Screens that change by themselves: a real server, a real browser, sales from another process."""

import shutil
import tempfile
import time
from uuid import uuid4

from tests.harness import House
from tools.env import kit
from tools.screenshots import Browser, session_of

LOGIN = "harbor"
SERIAL = "WV-0001"
#: seconds in which a sale is on the screen
SOON = 20


class Screen:
    """One machine in a browser, and the same machine selling elsewhere."""

    def __init__(self, house, url, browser):
        self.house, self.url, self.browser = house, url, browser
        browser.call("Network.setCookie", name="session_id", value=session_of(url, LOGIN), url=url)

    def go(self, path):
        """Load a page; the mark tells whether it is still the same one later."""
        self.browser.call("Page.navigate", url=f"{self.url}{path}")
        assert self.browser.until("document.querySelector('.o_kanban_view, .o_form_view')", 90)
        self.browser.value("window.samePage = true")

    def fact(self, kind, data):
        """The machine says something, taken in by this process."""

        def project(env):
            from odoo import fields
            from odoo.addons.wine_vending.core.facts import Fact

            machine = env["wine.machine"].search([("serial", "=", SERIAL)])
            now = fields.Datetime.now()
            values = data(machine)
            fact = Fact(machine.id, kind, values, now, now, reference=str(uuid4()))
            env["wine.machine"]._project([fact])
            assert fact.result == "done", fact.result
            return machine.id

        return self.house.do(project)

    def sell(self):
        def data(machine):
            slot = machine.slot_ids.filtered(lambda slot: slot.product_id and slot.qty > 1)[:1]
            return {
                "vend_id": str(uuid4()),
                "slot": slot.code,
                "sku": slot.product_id.default_code,
                "qty": 1,
                "price": f"{slot.price:.2f}",
                "currency": machine.currency_id.name,
                "pay": "card",
                "outcome": "success",
                "price_version": machine.planogram_id.version,
                "sensor": "confirmed",
            }

        return self.fact("vend.local", data)

    def sees(self, expression, seconds=SOON):
        """Whether an expression becomes true without the page having been loaded again."""
        return self.browser.until(f"window.samePage && ({expression})", seconds)


def card(text):
    """JavaScript: the card of our machine says ``text``."""
    return (
        "[...document.querySelectorAll('.o_kanban_record')].some((card) => "
        "card.textContent.includes('Northgate Lobby Tower') && "
        f"card.textContent.includes('{text}'))"
    )


def check_card(screen):
    sold = screen.house.do(
        lambda env: env["wine.machine"].search([("serial", "=", SERIAL)]).vends_today
    )
    screen.go("/odoo/action-wine_vending.wine_machine_action")
    assert screen.sees(card(f"{sold} sold today")), "the card before the sale"
    screen.sell()
    assert screen.sees(card(f"{sold + 1} sold today")), "the sale did not reach the card"
    screen.sell()
    screen.sell()
    assert screen.sees(card(f"{sold + 3} sold today")), "the last one of a burst was lost"
    screen.fact("machine.state", lambda _machine: {"state": "online"})
    assert screen.sees(card("Online")), "the connection did not reach the card"


def check_form(screen):
    machine_id = screen.sell()
    screen.go(f"/odoo/action-wine_vending.wine_machine_action/{machine_id}")
    name = "document.querySelector('.o_field_widget[name=name] input')"
    count = "document.querySelector('.o_field_widget[name=vends_today]')?.textContent.trim()"
    assert screen.sees(f"{name} && {count}")
    before = int("".join(filter(str.isdigit, screen.browser.value(count))))
    screen.sell()
    assert screen.sees(f"{count}.includes('{before + 1}')"), "the sale did not reach the form"
    screen.browser.value(
        f"{name}.focus(); {name}.value = 'Half typed';"
        f"{name}.dispatchEvent(new InputEvent('input', {{bubbles: true}}));"
        f"{name}.dispatchEvent(new Event('change', {{bubbles: true}}))"
    )
    screen.sell()
    time.sleep(5)
    assert screen.browser.value(f"{name}.value") == "Half typed", "an edit was lost"
    assert screen.sees("document.querySelector('.o_form_button_cancel')")
    screen.browser.value("document.querySelector('.o_form_button_cancel').click()")
    assert screen.sees(f"{name}.value !== 'Half typed' && {count}.includes('{before + 2}')"), (
        "what happened meanwhile is not shown after the edit was thrown away"
    )


def check_all(house, url):
    """Both checks in one browser."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(shutil.which("chromium"), profile)
        try:
            screen = Screen(house, url, browser)
            check_card(screen)
            check_form(screen)
        finally:
            browser.close()


def test_screens_of_machines_change_by_themselves():
    with House("wine_live") as house, kit.odoo_server("wine_live") as url:
        check_all(house, url)
