# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models

from ..core import alerting

#: created by the thousand in a bad hour: no log lines, no followers
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
}


class WineMachineAlert(models.Model):
    """The watch: compares what is wrong now with the alerts that are open, and makes them agree.

    It runs once a minute, and at once when a machine reports something of note. It looks at the
    state of the machines and not at single messages: whatever their order, number or delay, the
    alerts are those of what is true. Facts only write that state; the watch alone writes alerts, so
    that the two never wait for each other.
    """

    _inherit = "wine.machine.alert"

    @api.model
    def _cron_watch(self):
        now = fields.Datetime.now()
        self._watch(now, slow=now.minute % 5 == 0)

    @api.model
    def _watch(self, now=None, slow=True):
        """One look at everything.

        :param bool slow: also at what adds up all slots and all cash
        """
        Alert = self.sudo().with_context(**QUIET)
        now = now or fields.Datetime.now()
        kinds = Alert._watched_kinds(slow)
        book = self.env["wine.alert.rule"].sudo()._book()
        causes = alerting.bundled(Alert._causes(kinds, now))
        here = Alert._whereabouts({cause.machine_id for cause in causes})
        Alert._settle(causes, kinds, book, here, now)
        Alert._group_silent(book, now)
        Alert._open_maintenance(book)
        Alert._notify(book, now)

    @api.model
    def _whereabouts(self, machine_ids):
        """{machine id: (its region and those above, nearest first; its model)}."""
        machines = self.env["wine.machine"].browse(machine_ids).exists()
        return {
            machine.id: (machine.region_id._upwards(), machine.model_id.id) for machine in machines
        }

    # === MAKING ALERTS AGREE === #

    def _settle(self, causes, kinds, book, here, now):
        present, due = {}, {}
        for cause in causes:
            if cause.machine_id not in here:
                continue
            rule = book.pick(cause.kind, *here[cause.machine_id])
            if alerting.is_trouble(cause, rule):
                present[cause.key] = cause
                if alerting.is_due(cause, rule, now):
                    due[cause.key] = rule
        running = self._running(kinds)
        for key, alert in running.items():
            if key in present:
                alert._still(present[key], due.get(key), now)
            else:
                alert._gone(book, now)
        self._begin({key: present[key] for key in due if key not in running}, due, here, now)

    def _running(self, kinds):
        """{key: alert} of what is open and was raised by the watch."""
        alerts = self.search(
            [
                ("state", "!=", "closed"),
                ("machine_id", "!=", False),
                ("by_watch", "=", True),
                ("kind", "in", kinds),
            ]
        )
        return {(alert.machine_id.id, alert.kind, alert.detail): alert for alert in alerts}

    def _still(self, cause, rule, now):
        """The cause is there: again after it was gone, graver than before, or just as it was."""
        values = {}
        if self.gone_since:
            values.update(gone_since=False, last_seen=now, occurrences=self.occurrences + 1)
        if cause.times > self.times:
            more = cause.times - self.times if self.times else 0
            values.update(times=cause.times, last_seen=now, occurrences=self.occurrences + more)
        if rule:
            severity = alerting.severity(cause, rule, now)
            if alerting.RANKS[severity] > self.rank:
                values.update(severity=severity, notice=False)
        if abs(cause.value - self.value) >= 1:
            values["value"] = cause.value
        if self.region_id != self.machine_id.region_id:
            values["region_id"] = self.machine_id.region_id.id
        if values:
            self.write(values)

    def _gone(self, book, now):
        """The cause is not there: wait for as long as the rule says, then close."""
        if not self.gone_since:
            self.write({"gone_since": now, "last_seen": now})
        rule = book.pick(self.kind, self.region_id._upwards(), self.machine_id.model_id.id)
        if now - self.gone_since >= timedelta(minutes=rule.clear if rule else 0):
            self._close(now)

    def _begin(self, causes, rules, here, now):
        """Open the same alert again where it was closed a short while ago, else a new one."""
        if not causes:
            return
        earlier = self._closed_lately(causes, now)
        fresh = []
        for key, cause in causes.items():
            rule, alert = rules[key], earlier.get(key)
            values = {
                "severity": alerting.severity(cause, rule, now),
                "value": cause.value,
                "threshold": cause.threshold or rule.threshold,
                "note": cause.note,
                "times": cause.times,
                "last_seen": now,
            }
            if alert and alert.muted_until and alert.muted_until > now:
                continue
            if alert and alert._is_same(cause, rule, now):
                alert._reopen(values)
                continue
            machine_id, kind, detail = key
            region = here[machine_id][0][0]
            where = {"machine_id": machine_id, "kind": kind, "detail": detail, "region_id": region}
            since = {"first_seen": cause.since or now, "by_watch": True}
            fresh.append({**values, **where, **since})
        self.create(fresh)

    def _closed_lately(self, keys, now):
        """{key: alert} of what was closed within a day, the newest of each."""
        alerts = self.search(
            [
                ("state", "=", "closed"),
                ("closed_at", ">=", now - timedelta(days=1)),
                ("machine_id", "in", list({key[0] for key in keys})),
                ("kind", "in", list({key[1] for key in keys})),
            ],
            order="closed_at, id",
        )
        return {(alert.machine_id.id, alert.kind, alert.detail): alert for alert in alerts}

    def _is_same(self, cause, rule, now):
        """Whether it never was over, or came back within the time of its rule."""
        never_over = bool(cause.since and cause.since <= self.closed_at)
        return never_over or now - self.closed_at <= timedelta(minutes=rule.reopen)

    def _reopen(self, values):
        """The same trouble again: told anew where it is graver, or was closed by hand."""
        anew = self.muted_until or alerting.RANKS[values["severity"]] > self.rank
        self.write(
            {
                **values,
                "state": "open",
                "closed_at": False,
                "gone_since": False,
                "muted_until": False,
                "parent_id": False,
                "occurrences": self.occurrences + 1,
                **({"notice": False} if anew else {}),
            }
        )

    # === MANY AT ONCE === #

    @api.model
    def _group_silent(self, book, now):
        """Machines of a region that fell silent together are one alert."""
        parents = self.search(
            [("state", "!=", "closed"), ("machine_id", "=", False), ("kind", "=", "offline")]
        )
        silent = self.search(
            [
                ("state", "!=", "closed"),
                ("kind", "=", "offline"),
                ("machine_id", "!=", False),
                ("parent_id", "=", False),
            ]
        )
        open_parents = {parent.region_id: parent for parent in parents}
        for region, alerts in silent.grouped("region_id").items():
            rule = book.pick("offline", region._upwards(), None)
            if rule and rule.group_from:
                self._group_region(region, alerts, open_parents.get(region), rule)
        for parent in parents:
            running = parent.child_ids.filtered(lambda child: child.state != "closed")
            if not running:
                parent._close(now)
            elif len(running) != parent.value:
                parent.value = len(running)

    def _group_region(self, region, alerts, parent, rule):
        if parent:
            near = 3 * alerting.TOGETHER
            joining = alerts.filtered(lambda one: abs(one.first_seen - parent.first_seen) <= near)
            joining.parent_id = parent
            return
        pairs = [(alert.first_seen, alert) for alert in alerts]
        found = self.union(*alerting.together(pairs, rule.group_from))
        if not found:
            return
        first = min(found.mapped("first_seen"))
        found.parent_id = self.create(
            {
                "region_id": region.id,
                "kind": "offline",
                "severity": "critical",
                "value": len(found),
                "first_seen": first,
                "last_seen": first,
                "by_watch": True,
            }
        )

    # === FROM OTHER PARTS OF THE HOUSE === #

    @api.model
    def _raise_alerts(self, vals_list):
        """Raise alerts that the watch does not find by itself; one that is open is counted.

        :param list[dict] vals_list: ``machine_id``, ``kind``, and where they matter ``detail``,
            ``severity``, ``note``, ``value``, ``threshold``, ``moment`` (naive UTC)
        :return: the open alerts
        """
        Alert = self.sudo().with_context(**QUIET)
        wanted = {(v["machine_id"], v["kind"], v.get("detail") or ""): v for v in vals_list}
        running = Alert._open_of({key[0] for key in wanted})
        regions = {
            machine.id: machine.region_id.id
            for machine in self.env["wine.machine"].sudo().browse({key[0] for key in wanted})
        }
        now, fresh, counted = fields.Datetime.now(), [], Alert.browse()
        for key, values in wanted.items():
            values = dict(values)
            moment = values.pop("moment", None) or now
            alert = running.get(key)
            if alert:
                severity = max(
                    alert.severity, values.get("severity", "info"), key=alerting.RANKS.get
                )
                alert.write(
                    {
                        "occurrences": alert.occurrences + 1,
                        "last_seen": max(moment, alert.last_seen),
                        "severity": severity,
                        "gone_since": False,
                    }
                )
                counted |= alert
                continue
            region = {"region_id": regions[key[0]], "detail": key[2]}
            fresh.append({**values, **region, "first_seen": moment, "last_seen": moment})
        created = Alert.create(fresh)
        if created:
            self._look_soon()
        return created | counted

    @api.model
    def _clear_alerts(self, machine_ids, kind, detail=None):
        """The cause of these alerts is gone: close them now."""
        domain = [
            ("machine_id", "in", list(machine_ids)),
            ("kind", "=", kind),
            ("state", "!=", "closed"),
        ]
        if detail is not None:
            domain.append(("detail", "=", detail))
        alerts = self.sudo().with_context(**QUIET).search(domain)
        alerts._close(fields.Datetime.now())

    def _open_of(self, machine_ids):
        alerts = self.search([("machine_id", "in", list(machine_ids)), ("state", "!=", "closed")])
        return {(alert.machine_id.id, alert.kind, alert.detail): alert for alert in alerts}
