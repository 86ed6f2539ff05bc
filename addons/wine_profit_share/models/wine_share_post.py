# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from io import StringIO

from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import from_minor, to_minor
from odoo.exceptions import ValidationError

from ..core.hold import hold
from .wine_share_release import HOLDING
from .wine_share_rows import COLUMNS, encode


class WineShareEntry(models.Model):
    """The one door through which entries are written."""

    _inherit = "wine.share.entry"

    @api.model
    def _post_entries(self, vals_list):
        """Write entries whose sum is zero for each source; what is known already is left alone.

        :param list[dict] vals_list: ``source``, ``kind``, ``role``, ``amount``, ``date``,
            ``company_id`` (ids); ``partner_id`` with ``account_kind`` (``party`` unless told) or
            ``account_id``; any other column of the entry. ``state`` only where it is not to follow
            from ``hold_until``, the partner's verification and the cases of the vend.
        :return: the entries that were written
        :raise ValidationError: the entries of a source do not come to zero
        """
        vals_list = [self._complete(dict(vals)) for vals in vals_list]
        self._check_balanced(vals_list)
        known = self._known({vals["source"] for vals in vals_list})
        vals_list = [vals for vals in vals_list if vals["source"] not in known]
        if not vals_list:
            return self.browse()
        self._fill_accounts(vals_list)
        self._fill_states(vals_list)
        return self.browse(
            self._insert([encode(vals.get(name) for name in COLUMNS) for vals in vals_list])
        )

    def _complete(self, vals):
        """Amounts exact, currency of the company unless told otherwise, empty values None."""
        company = self.env["res.company"].browse(vals["company_id"])
        vals = {name: None if value is False else value for name, value in vals.items()}
        vals.setdefault("currency_id", company.sudo().currency_id.id)
        digits = self.env["res.currency"].browse(vals["currency_id"]).decimal_places
        for name in ("amount", "base_amount"):
            vals[name] = from_minor(to_minor(vals.get(name) or 0, digits), digits)
        for name in ("date", "hold_until"):
            vals[name] = fields.Date.to_date(vals.get(name))
        return vals

    def _check_balanced(self, vals_list):
        sums = defaultdict(int)
        for vals in vals_list:
            # both halves of a split are on one account: what follows the # tells them apart
            sums[vals["source"].partition("#")[0], vals["currency_id"]] += vals["amount"]
        for (source, _currency), total in sums.items():
            if total:
                raise ValidationError(
                    self.env._(
                        "The share entries of %(fact)s come to %(total)s instead of zero: what "
                        "one account receives another one gives. Nothing was written.",
                        fact=source,
                        total=total,
                    )
                )

    @api.model
    def _known(self, sources):
        """The sources among these that are in the ledger."""
        if not sources:
            return set()
        self.flush_model()
        self.env.cr.execute(
            "SELECT DISTINCT source FROM wine_share_entry WHERE source = ANY(%s)", [list(sources)]
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _fill_accounts(self, vals_list):
        """``account_id``, ``account_kind`` and ``partner_id`` of each, by whichever was given."""
        Account = self.env["wine.share.account"].sudo()
        asked = [vals for vals in vals_list if not vals.get("account_id")]
        keys = [_account_key(vals) for vals in asked]
        ids = Account._ensure(keys)
        for vals, key in zip(asked, keys, strict=True):
            vals["account_id"] = ids[key]
        for vals in vals_list:
            account = Account.browse(vals["account_id"])
            vals["account_kind"] = account.kind
            vals["partner_id"] = account.partner_id.id

    def _fill_states(self, vals_list):
        today = fields.Date.context_today(self)
        Account = self.env["wine.share.account"].sudo()
        in_case = self._vends_in_case(
            {vals["vend_id"] for vals in vals_list if vals.get("vend_id")}
        )
        for vals in vals_list:
            if not vals.get("state"):
                vals["state"], vals["held_for"] = hold(
                    vals["account_kind"] == "party",
                    vals["hold_until"],
                    today,
                    case=vals.get("vend_id") in in_case,
                    verified=Account.browse(vals["account_id"]).verified,
                )

    @api.model
    def _vends_in_case(self, vend_ids):
        """Ids of vends of which something is open that may lead to a refund."""
        if not vend_ids:
            return set()
        self.env["wine.case"].flush_model(["vend_id", "state", "kind"])
        self.env.cr.execute(
            "SELECT DISTINCT vend_id FROM wine_case "
            "WHERE state = 'open' AND vend_id = ANY(%s) AND kind = ANY(%s)",
            [list(vend_ids), list(HOLDING)],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _insert(self, rows):
        """Write encoded rows (see ``wine_share_rows``) by one COPY; returns their ids in order.

        Two transactions that write the same fact meet at the unique index: the second one waits,
        and fails.
        """
        if not rows:
            return []
        cr = self.env.cr
        cr.execute(
            "SELECT nextval('wine_share_entry_id_seq') FROM generate_series(1, %s)", [len(rows)]
        )
        ids = [row[0] for row in cr.fetchall()]
        now = fields.Datetime.to_string(fields.Datetime.now())
        text = "".join(
            f"{entry_id}\t{now}\t{row}\n" for entry_id, row in zip(ids, rows, strict=True)
        )
        columns = ", ".join(("id", "create_date", *COLUMNS))
        cr._obj.copy_expert(f"COPY wine_share_entry ({columns}) FROM STDIN", StringIO(text))
        self.invalidate_model()
        self.env["wine.share.account"].invalidate_model()
        return ids


def _account_key(vals):
    return (
        vals["company_id"],
        vals["partner_id"],
        vals["currency_id"],
        vals.get("account_kind") or "party",
    )
