# SPDX-License-Identifier: LGPL-3.0-or-later
import re

from stdnum.iso7064 import mod_97_10

from odoo import http
from odoo.exceptions import UserError, ValidationError
from odoo.http import request

from .share_desk import SITE, ShareDesk, int_or_zero

#: bank accounts that one partner may have entered and not removed
BANKS = 8
LENGTHS = {"acc_number": 42, "acc_holder_name": 80, "bank_name": 80, "bank_bic": 11}
#: where this country writes an account number as an IBAN, its check digits must fit
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
NUMBER = re.compile(r"[A-Z0-9][A-Z0-9 ./-]{3,41}", re.ASCII | re.IGNORECASE)
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
AMOUNT = re.compile(r"\d{1,9}([.,]\d{1,3})?", re.ASCII)


class ShareMoney(ShareDesk):
    """``/my/share/withdrawals`` and ``/my/share/bank``: how the money comes to the partner."""

    # === WITHDRAWALS === #

    @http.route(["/my/share/withdrawals", "/my/share/withdrawals/page/<int:page>"], **SITE)
    def my_withdrawals(self, page=1, account=None, **_query):
        account_sudo = self._account_sudo(account)
        return self._share_page(
            "wine_profit_share.portal_share_withdrawals",
            account_sudo,
            "withdrawals",
            **self._share_listing(
                "wine.share.withdrawal",
                [("account_id", "=", account_sudo.id), ("state", "!=", "draft")],
                "/my/share/withdrawals",
                page,
                "submitted_at desc, id desc",
                {"account": account_sudo.id},
            ),
        )

    @http.route("/my/share/withdrawals/new", methods=["GET", "POST"], **SITE)
    def new_withdrawal(self, account=None, **form):
        account_sudo = self._account_sudo(account)
        if request.httprequest.method == "GET":
            return self._share_form(account_sudo)
        try:
            with request.env.cr.savepoint():
                withdrawal_sudo = request.env["wine.share.withdrawal"]._apply(
                    account_sudo,
                    self._share_amount(form.get("amount")),
                    self._share_bank(account_sudo, form),
                )
        except (UserError, ValidationError) as refused:
            return self._share_form(account_sudo, status=400, error=str(refused), form=form)
        return request.redirect(f"/my/share/withdrawal/{withdrawal_sudo.id}?sent=1")

    def _share_form(self, account_sudo, status=200, form=None, **values):
        response = self._share_page(
            "wine_profit_share.portal_share_withdraw",
            account_sudo,
            "withdrawals",
            banks=self._banks_sudo(account_sudo),
            form=form or {},
            **values,
        )
        response.status_code = status
        return response

    def _share_amount(self, text):
        text = (text or "").strip().replace(" ", "")
        if not AMOUNT.fullmatch(text):
            raise UserError(request.env._("Write the amount as a number, such as 128.00."))
        return float(text.replace(",", "."))

    def _share_bank(self, account_sudo, form):
        bank_id = int_or_zero(form.get("bank"))
        bank_sudo = self._banks_sudo(account_sudo).filtered(lambda bank: bank.id == bank_id)
        if not bank_sudo:
            raise UserError(request.env._("Choose the bank account to which the money shall go."))
        return bank_sudo

    @http.route("/my/share/withdrawal/<int:withdrawal_id>", **SITE)
    def my_withdrawal(self, withdrawal_id, sent=None, **_query):
        withdrawal_sudo = self._share_own("wine.share.withdrawal", withdrawal_id)
        return self._withdrawal_page(withdrawal_sudo, sent=bool(sent))

    def _withdrawal_page(self, withdrawal_sudo, status=200, **values):
        response = self._share_page(
            "wine_profit_share.portal_share_withdrawal",
            withdrawal_sudo.account_id,
            "withdrawals",
            withdrawal=withdrawal_sudo,
            **values,
        )
        response.status_code = status
        return response

    @http.route("/my/share/withdrawal/<int:withdrawal_id>/cancel", methods=["POST"], **SITE)
    def cancel_withdrawal(self, withdrawal_id, **_form):
        withdrawal_sudo = self._share_own("wine.share.withdrawal", withdrawal_id)
        try:
            with request.env.cr.savepoint():
                withdrawal_sudo._cancel()
        except UserError as refused:
            return self._withdrawal_page(withdrawal_sudo, status=400, error=str(refused))
        return request.redirect(f"/my/share/withdrawal/{withdrawal_sudo.id}")

    # === BANK ACCOUNTS === #

    def _banks_sudo(self, account_sudo):
        """Active bank accounts of the account's partner."""
        return (
            request.env["res.partner.bank"]
            .sudo()
            .search([("partner_id", "=", account_sudo.partner_id.id)])
        )

    @http.route("/my/share/bank", methods=["GET", "POST"], **SITE)
    def my_bank(self, account=None, **form):
        account_sudo = self._account_sudo(account)
        if request.httprequest.method == "GET":
            return self._bank_page(account_sudo, done=form.get("done"))
        try:
            with request.env.cr.savepoint():
                self._enter_bank(account_sudo, form)
        except (UserError, ValidationError) as refused:
            return self._bank_page(account_sudo, status=400, error=str(refused), form=form)
        return request.redirect(f"/my/share/bank?account={account_sudo.id}&done=entered")

    def _bank_page(self, account_sudo, status=200, form=None, **values):
        response = self._share_page(
            "wine_profit_share.portal_share_bank",
            account_sudo,
            "bank",
            banks=self._banks_sudo(account_sudo),
            form=form or {},
            **values,
        )
        response.status_code = status
        return response

    def _enter_bank(self, account_sudo, form):
        """A new bank account; one that was removed comes back. Nobody trusts it by this."""
        env = request.env
        values = {
            name: " ".join((form.get(name) or "").replace("\x00", "").split())[:length]
            for name, length in LENGTHS.items()
        }
        number = self._checked_number(values["acc_number"])
        if len(self._banks_sudo(account_sudo)) >= BANKS:
            raise UserError(env._("Remove a bank account that you do not use any more first."))
        banks_sudo = env["res.partner.bank"].sudo().with_context(active_test=False)
        known_sudo = banks_sudo.search(
            [("partner_id", "=", account_sudo.partner_id.id), ("acc_number", "=", number)]
        )
        if known_sudo.filtered("active"):
            raise UserError(env._("You have entered this bank account already."))
        details = {
            "acc_holder_name": values["acc_holder_name"] or account_sudo.partner_id.name,
            "bank_id": self._bank_of(values).id,
            "allow_out_payment": False,
        }
        if known_sudo:
            known_sudo.write({"active": True, **details})
        else:
            banks_sudo.create(
                {"acc_number": number, "partner_id": account_sudo.partner_id.id, **details}
            )

    def _checked_number(self, number):
        plain = re.sub(r"\W+", "", number).upper()
        if not NUMBER.fullmatch(number) or not any(letter.isdigit() for letter in plain):
            raise UserError(
                request.env._("Write the account number or IBAN as your bank gives it to you.")
            )
        if IBAN.fullmatch(plain) and not mod_97_10.is_valid(plain[4:] + plain[:4]):
            raise UserError(
                request.env._("%s is not a valid IBAN: a digit must be wrong. Compare it.", number)
            )
        return number

    def _bank_of(self, values):
        """The bank by its BIC, else by its name; none where neither is given."""
        banks_sudo = request.env["res.bank"].sudo()
        bic = values["bank_bic"].replace(" ", "").upper()
        if bic and not BIC.fullmatch(bic):
            raise UserError(
                request.env._("%s is not a BIC: that has 8 or 11 letters and digits.", bic)
            )
        name = values["bank_name"]
        domain = [("bic", "=", bic)] if bic else [("name", "=ilike", like(name))]
        if not (bic or name):
            return banks_sudo
        found_sudo = banks_sudo.search(domain, limit=1)
        return found_sudo or banks_sudo.create({"name": name or bic, "bic": bic or False})

    @http.route("/my/share/bank/<int:bank_id>/remove", methods=["POST"], **SITE)
    def remove_bank(self, bank_id, account=None, **_form):
        account_sudo = self._account_sudo(account)
        bank_sudo = self._banks_sudo(account_sudo).filtered(lambda bank: bank.id == bank_id)
        if not bank_sudo:
            raise request.not_found()
        try:
            with request.env.cr.savepoint():
                bank_sudo.active = False
        except (UserError, ValidationError) as refused:
            return self._bank_page(account_sudo, status=400, error=str(refused))
        return request.redirect(f"/my/share/bank?account={account_sudo.id}&done=removed")


def like(text):
    """A text that ``=ilike`` finds literally."""
    return re.sub(r"([\\%_])", r"\\\1", text)
