# SPDX-License-Identifier: LGPL-3.0-or-later
"""People before the pages of the portal: a partner, a colleague, a stranger, a supplier."""

import re

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user

from .redeem import RedeemCommon

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class PortalCommon(RedeemCommon, HttpCase):
    """The host's share of real sales, one month of it stated, a withdrawal; and a stranger's."""

    session = None  # here it is that of HTTP, not the trading day

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_policy(
            "Harbour",
            [
                {"role": "host", "base": "net", "value": "percent", "percent": 8},
                {"role": "supplier", "base": "net", "value": "percent", "percent": 30},
                {"role": "platform", "value": "residual"},
            ],
            region_id=cls.region.id,
        )
        cls.people = {
            "host": cls.make_login("portal-host", cls.host),
            "colleague": cls.make_login("portal-colleague", cls.host),
            "stranger": cls.make_login("portal-stranger", cls.make_partner("Stranger")),
            "supplier": cls.make_login("portal-supplier", cls.supplier),
            "nobody": cls.make_login("portal-nobody", cls.make_partner("Nobody")),
        }
        cls.stranger = cls.people["stranger"].partner_id.parent_id
        cls.vend = cls.sold(cls)
        cls.own = cls.make_records(cls.host, cls.account, cls.bank)
        account = cls.env["wine.share.account"]._get(cls.company, cls.stranger)
        account._set_verified()
        cls.foreign = cls.make_records(cls.stranger, account, cls.make_bank(cls.stranger))
        cls.env.flush_all()

    @classmethod
    def make_login(cls, login, company):
        user = new_test_user(cls.env, login, "base.group_portal", name=login.title())
        user.partner_id.parent_id = company
        return user

    def sold(self):
        fact = self.local(self.machine, pay="card")
        self.env["wine.machine"]._project([fact])
        return self.env["wine.vend"].search([("uuid", "=", fact.data["vend_id"])])

    @classmethod
    def earn(cls, amount, partner=None, **values):
        """By a correction of long ago, with its reason."""
        values = {"kind": "adjustment", "detail": {"reason": "Agreed by phone"}, **values}
        return super().earn(amount, partner, **values)

    @classmethod
    def make_records(cls, partner, account, bank):
        """dict name → record of everything that a page of the portal shows by its number."""
        line = cls.earn(77.77, partner).filtered(lambda entry: entry.account_id == account)
        statement = cls.env["wine.share.statement"]._issue(
            account, fields.Date.to_date("2026-01-31")
        )
        withdrawal = cls.apply_for(20, bank=bank, account=account)
        return {
            "account": account,
            "line": line,
            "statement": statement,
            "withdrawal": withdrawal,
            "bank": bank,
        }

    # === AT THE BROWSER === #

    def as_(self, who):
        """Sign in as one of ``people``; None is the public."""
        login = self.people[who].login if who else None
        self.authenticate(login, login)

    def get(self, url):
        return self.url_open(url, allow_redirects=False)

    def post(self, url, page=None, **data):
        """Send a form as the page at ``page`` would, with its token.

        :param page: where the form is; False sends none
        """
        if page is not False:
            found = CSRF.search(self.url_open(page or url).text)
            self.assertTrue(found, f"there is no form at {page or url}")
            data["csrf_token"] = found[1]
        return self.url_open(url, data=data, allow_redirects=False)

    def text(self, response):
        """What a page says, without its markup."""
        body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<[^>]+>", " ", response.text)
        return " ".join(body.replace("&nbsp;", " ").replace("\xa0", " ").split())

    @classmethod
    def refill_product(cls, partner, name):
        """A product of another supplier, sold by the same machine."""
        product = cls.make_wine(name, 9.0)
        product.seller_ids = [Command.create({"partner_id": partner.id})]
        return product
