# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every page of the share portal, tried by everybody who may not see it."""

from odoo.tests import tagged

from .portal import PortalCommon

#: (page, what it needs) - pages with a number are tried with the own and with a foreign one
PAGES = {
    "/my/share": "account",
    "/my/share/lines": "account",
    "/my/share/lines/page/<int:page>": "account",
    "/my/share/line/<int:entry_id>": "line",
    "/my/share/statements": "account",
    "/my/share/statements/page/<int:page>": "account",
    "/my/share/statement/<int:statement_id>": "statement",
    "/my/share/statement/<int:statement_id>/page/<int:page>": "statement",
    "/my/share/statement/<int:statement_id>/pdf": "statement",
    "/my/share/statement/<int:statement_id>/xlsx": "statement",
    "/my/share/withdrawals": "account",
    "/my/share/withdrawals/page/<int:page>": "account",
    "/my/share/withdrawals/new": "account",
    "/my/share/withdrawal/<int:withdrawal_id>": "withdrawal",
    "/my/share/bank": "account",
}
GOODS = ("/my/goods", "/my/goods/sales")
FORMS = {
    "/my/share/line/<int:entry_id>/dispute": "line",
    "/my/share/withdrawals/new": "account",
    "/my/share/withdrawal/<int:withdrawal_id>/cancel": "withdrawal",
    "/my/share/bank": "account",
    "/my/share/bank/<int:bank_id>/remove": "bank",
}


class Walk(PortalCommon):
    """Addresses of pages, with somebody's numbers in them."""

    def url(self, route, records):
        kind = {**PAGES, **FORMS}[route]
        url = route.replace("<int:page>", "1")
        for part in ("entry", "statement", "withdrawal", "bank"):
            url = url.replace(f"<int:{part}_id>", str(records[kind].id))
        return f"{url}?account={records['account'].id}" if kind == "account" else url


@tagged("post_install", "-at_install")
class TestPortalDoors(Walk):
    """Who comes in, and who does not."""

    def test_every_route_is_tried(self):
        """A route that is added later must be added to the tables above."""
        routes = {
            rule.rule
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if rule.rule.startswith(("/my/share", "/my/goods"))
        }
        self.assertEqual(routes, {*PAGES, *FORMS, *GOODS})

    def test_own_pages(self):
        for who in ("host", "colleague"):
            self.as_(who)
            for route in PAGES:
                with self.subTest(who=who, route=route):
                    self.assertEqual(self.get(self.url(route, self.own)).status_code, 200)

    def test_foreign_numbers(self):
        """Foreign numbers are answered like numbers that do not exist."""
        for who, records in (
            ("host", self.foreign),
            ("stranger", self.own),
            ("supplier", self.own),
            ("nobody", self.own),
        ):
            self.as_(who)
            for route in PAGES:
                with self.subTest(who=who, route=route):
                    self.assertEqual(self.get(self.url(route, records)).status_code, 404)

    def test_numbers_that_do_not_exist(self):
        self.as_("host")
        for route in PAGES:
            nothing = {
                name: record.browse(record.search([], order="id desc", limit=1).id + 999)
                for name, record in self.own.items()
            }
            with self.subTest(route=route):
                self.assertEqual(self.get(self.url(route, nothing)).status_code, 404)
        for text in ("0", "-1", "1e9", "9" * 30, "１", "' OR 1=1"):
            with self.subTest(account=text):
                self.assertEqual(self.get(f"/my/share?account={text}").status_code, 404)

    def test_public_must_sign_in(self):
        self.as_(None)
        for route in [*PAGES, *GOODS]:
            with self.subTest(route=route):
                url = self.url(route, self.own) if route in PAGES else route
                response = self.get(url)
                self.assertEqual(response.status_code, 303)
                self.assertIn("/web/login", response.headers["Location"])

    def test_employee_without_a_share(self):
        """A right in the back office opens nothing of somebody else's portal."""
        self.authenticate(self.ann.login, self.ann.login)
        for route in PAGES:
            with self.subTest(route=route):
                self.assertEqual(self.get(self.url(route, self.own)).status_code, 404)

    def test_goods(self):
        for who, status in (("supplier", 200), ("host", 404), ("stranger", 404), ("nobody", 404)):
            self.as_(who)
            for url in GOODS:
                with self.subTest(who=who, url=url):
                    self.assertEqual(self.get(url).status_code, status)

    def test_nothing_by_rpc(self):
        """Pages read for the partner; the partner reads nothing past them."""
        self.as_("host")
        for model, name in (
            ("wine.share.account", "account"),
            ("wine.share.entry", "line"),
            ("wine.share.statement", "statement"),
            ("wine.share.withdrawal", "withdrawal"),
        ):
            with self.subTest(model=model):
                answer = self.url_open(
                    "/web/dataset/call_kw",
                    json={
                        "params": {
                            "model": model,
                            "method": "read",
                            "args": [self.own[name].ids, ["id"]],
                            "kwargs": {},
                        }
                    },
                ).json()
                self.assertIn("AccessError", answer["error"]["data"]["name"])


@tagged("post_install", "-at_install")
class TestPortalForms(Walk):
    """Forms: without the token, with foreign numbers, by somebody else."""

    def state(self):
        """What no refused form may have changed."""
        self.env.invalidate_all()
        return (
            self.env["wine.share.withdrawal"].search_count([]),
            self.env["wine.case"].search_count([("kind", "=", "share_dispute")]),
            self.env["res.partner.bank"].search([]).mapped("acc_number"),
            [record["withdrawal"].state for record in (self.own, self.foreign)],
        )

    def filled(self):
        """A form with what each of them asks for."""
        return {
            "text": "Not mine",
            "amount": "12",
            "bank": str(self.own["bank"].id),
            "acc_number": "1234567890",
            "acc_holder_name": "Host",
        }

    def test_without_token(self):
        self.as_("host")
        before = self.state()
        for route in FORMS:
            with self.subTest(route=route):
                url = self.url(route, self.own)
                self.assertEqual(self.post(url, page=False, **self.filled()).status_code, 400)
        self.assertEqual(self.state(), before)

    def test_foreign(self):
        """With a valid token of an own page, but somebody else's number."""
        for who, records in (("host", self.foreign), ("stranger", self.own)):
            self.as_(who)
            before = self.state()
            for route in FORMS:
                with self.subTest(who=who, route=route):
                    url = self.url(route, records)
                    answer = self.post(url, page="/my/share/bank", **self.filled())
                    self.assertEqual(answer.status_code, 404)
            self.assertEqual(self.state(), before)

    def test_foreign_account_in_the_form(self):
        self.as_("host")
        before = self.state()
        for url in ("/my/share/withdrawals/new", "/my/share/bank"):
            form = {**self.filled(), "account": str(self.foreign["account"].id)}
            with self.subTest(url=url):
                answer = self.post(url, page="/my/share/bank", **form)
                self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.state(), before)

    def test_public(self):
        self.as_(None)
        before = self.state()
        for route in FORMS:
            with self.subTest(route=route):
                answer = self.post(self.url(route, self.own), page="/web/login", **self.filled())
                self.assertIn(answer.status_code, (303, 400))
        self.assertEqual(self.state(), before)

    def test_get_does_nothing(self):
        self.as_("host")
        before = self.state()
        for route in set(FORMS) - set(PAGES):
            with self.subTest(route=route):
                self.assertEqual(self.get(self.url(route, self.own)).status_code, 405)
        self.assertEqual(self.state(), before)
