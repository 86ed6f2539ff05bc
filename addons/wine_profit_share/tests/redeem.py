# SPDX-License-Identifier: LGPL-3.0-or-later
"""A partner with money and a bank account, and a finance team that decides over it."""

from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.tests import new_test_user

from .common import ShareCommon

FINANCE = "wine_vending.group_wine_finance"


class RedeemCommon(ShareCommon):
    """A host whose account is verified, whose bank account is old and checked, and its login."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.ben, cls.cid = (
            new_test_user(cls.env, f"{name}-finance", FINANCE, name=name.title())
            for name in ("ann", "ben", "cid")
        )
        cls.root = new_test_user(cls.env, "share-admin", "wine_vending.group_wine_admin")
        cls.env["wine.share.review.step"].search([]).active = False
        cls.env.flush_all()
        cls.first = cls.make_step("First look", 0)
        cls.host.write({"email": "host@example.com", "lang": "en_US"})
        cls.login = new_test_user(
            cls.env, "host-login", "base.group_portal", name="Host login", email="h@example.com"
        )
        cls.login.partner_id.parent_id = cls.host
        cls.account = cls.env["wine.share.account"]._get(cls.company, cls.host)
        cls.account._set_verified()
        cls.set_up_payouts()
        cls.bank = cls.make_bank(cls.host)
        cls.company.share_withdrawal_min = 10

    @classmethod
    def set_up_payouts(cls):
        """What the books need to pay: accounts, journal, terms for the role of the host."""
        cls.company._set_up_share()

    @classmethod
    def make_step(cls, name, amount, people=None, count=1):
        values = {"name": name, "amount_from": amount, "count": count, "company_id": cls.company.id}
        if people is None:
            values["group_id"] = cls.env.ref(FINANCE).id
        else:
            values["user_ids"] = people.ids
        return cls.env["wine.share.review.step"].create(values)

    @classmethod
    def make_bank(cls, partner, number=None, old=True, trusted=True):
        """A bank account; entered long ago and checked, unless told otherwise."""
        bank = cls.env["res.partner.bank"].create(
            {"partner_id": partner.id, "acc_number": number or f"TEST{uuid4().hex[:12]}"}
        )
        if trusted:
            bank.allow_out_payment = True
        if old:
            cls.age(bank)
        return bank

    @classmethod
    def age(cls, bank, days=30):
        """Let what happened to the bank account be so many days ago."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE wine_share_bank_change SET moment = moment - %s WHERE bank_id = %s",
            [timedelta(days=days), bank.id],
        )
        cls.env.invalidate_all()

    @classmethod
    def earn(cls, amount, partner=None, **values):
        """The partner earns so much by a rent of long ago; available at once."""
        source = f"test:{uuid4()}"
        common = {
            "source": source,
            "kind": "rent",
            "date": "2026-01-31",
            "company_id": cls.company.id,
            **values,
        }
        return cls.env["wine.share.entry"]._post_entries(
            [
                {
                    **common,
                    "role": "host",
                    "partner_id": (partner or cls.host).id,
                    "amount": amount,
                },
                {
                    **common,
                    "role": "platform",
                    "account_kind": "platform",
                    "partner_id": cls.platform.id,
                    "amount": -amount,
                },
            ]
        )

    @classmethod
    def apply_for(cls, amount, user=None, bank=None, account=None):
        """The partner applies in the portal."""
        env = cls.env(user=user or cls.login)
        return (
            env["wine.share.withdrawal"]
            ._apply(account or cls.account, amount, bank or cls.bank)
            .with_env(cls.env)
        )

    def by(self, user, withdrawal):
        """The withdrawal as this user holds it, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        return withdrawal.with_user(user)

    def balance(self):
        """(held, available, in settlement, paid) of the host, as read anew."""
        self.env.flush_all()
        self.account.invalidate_recordset()
        account = self.account
        return (account.held, account.available, account.in_settlement, account.paid)

    def ledger_is_whole(self):
        """Every source comes to zero."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT split_part(source, '#', 1), sum(amount) FROM wine_share_entry "
            "WHERE company_id = %s GROUP BY 1 HAVING sum(amount) <> 0",
            [self.company.id],
        )
        self.assertFalse(self.env.cr.fetchall())

    @classmethod
    def today(cls):
        return fields.Date.today()
