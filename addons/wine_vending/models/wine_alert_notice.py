# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from markupsafe import Markup

from odoo import api, models

#: alerts of which one person is told singly within an hour; what is more comes as one digest
SINGLE_PER_HOUR = 5
HOUR = timedelta(hours=1)


class WineMachineAlert(models.Model):
    """Telling people, without a flood.

    An alert has an owner: whom its rule names, the nearest in the tree of regions. He is told once
    of it, and again when it becomes critical: singly up to five times an hour, by an activity and a
    note on the screen; of everything beyond that once an hour, by one message. What belongs to a
    group, is snoozed, or is taken by somebody is not told.
    """

    _inherit = "wine.machine.alert"

    @api.model
    def _notify(self, book, now):
        """Find owners for what has none, then tell them."""
        untold = self.search(
            [
                ("state", "!=", "closed"),
                ("notice", "=", False),
                ("rank", ">", 0),
                ("parent_id", "=", False),
                ("gone_since", "=", False),
                "|",
                ("snoozed_until", "=", False),
                ("snoozed_until", "<=", now),
            ]
        )
        rules = {
            alert: book.pick(alert.kind, alert.region_id._upwards(), alert.machine_id.model_id.id)
            for alert in untold
        }
        untold = untold.filtered(lambda alert: not rules[alert] or rules[alert].notify != "none")
        owners = {}
        for alert in untold.filtered(lambda alert: not alert.user_id):
            wanted = rules[alert].notify if rules[alert] else "manager"
            key = alert.region_id, alert.machine_id.staff_ids, wanted
            if key not in owners:
                owners[key] = alert.region_id._nearest_person(wanted, key[1])
            alert.user_id = owners[key]
        for user, alerts in untold.filtered("user_id").grouped("user_id").items():
            alerts._tell(user, now)

    def _tell(self, user, now):
        """Tell one owner of these alerts, within the limits of an hour."""
        told = self._read_group(
            [("user_id", "=", user.id), ("notified_at", ">", now - HOUR)], ["notice"], ["__count"]
        )
        counts = dict(told)
        room = max(SINGLE_PER_HOUR - counts.get("single", 0), 0)
        ordered = self.sorted(lambda alert: (-alert.rank, alert.first_seen, alert.id))
        single, rest = ordered[:room], ordered[room:]
        for alert in single:
            alert.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=user.id,
                summary=alert.with_context(lang=user.lang).display_name,
            )
        single.write({"notice": "single", "notified_at": now})
        if rest and not counts.get("digest"):
            rest._tell_digest(user)
            rest.write({"notice": "digest", "notified_at": now})
        if single:
            ordered._show(user)

    def _show(self, user):
        """One note on the screens of the owner, however many alerts there are."""
        mine = self.with_context(lang=user.lang)
        more = len(self) - 1
        user._bus_send(
            "simple_notification",
            {
                "type": "danger" if self[0].severity == "critical" else "warning",
                "title": mine[0].display_name,
                "message": mine.env._("and %s more", more)
                if more
                else self[0].region_id.complete_name,
            },
        )

    def _tell_digest(self, user):
        mine = self.with_context(lang=user.lang)
        shown = mine[:20]
        lines = Markup().join(Markup("<li>%s</li>") % alert.display_name for alert in shown)
        more = len(self) - len(shown)
        if more > 0:
            lines += Markup("<li>%s</li>") % mine.env._("and %s more", more)
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=user.partner_id.ids,
            subject=mine.env._("%s more alerts of your machines", len(self)),
            body=Markup("<p>%s</p><ul>%s</ul>")
            % (mine.env._("These need somebody, the gravest first:"), lines),
        )


class WineRegion(models.Model):
    _inherit = "wine.region"

    def _upwards(self):
        """Ids of the region and of those above it, nearest first."""
        self.ensure_one()
        return [int(part) for part in reversed(self.parent_path.strip("/").split("/"))]

    def _nearest_person(self, wanted, own_staff):
        """Whom to tell: the machine's or the region's service staff, or the nearest manager."""
        self.ensure_one()
        staff = own_staff or self.staff_ids
        if wanted == "staff" and staff:
            return staff.sorted("id")[:1]
        for region in self.browse(self._upwards()):
            if region.manager_ids:
                return region.manager_ids.sorted("id")[:1]
        return self.env["res.users"]
