# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.tests import new_test_user, tagged

from .common import WineCommon


class AlertCommon(WineCommon):
    """A region with a manager; the default rules; a clock that the test moves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env, "alert-manager", "wine_vending.group_wine_region_manager"
        )
        cls.region.manager_ids = cls.manager
        cls.Alert = cls.env["wine.machine.alert"]
        cls.now = fields.Datetime.now()
        cls.seq = 0

    @classmethod
    def make_fleet(cls, count, region=None):
        """Many active, online machines of one slot each, made in one go."""
        region = region or cls.region
        site = cls.env["wine.site"].create({"name": f"Site {uuid4()}", "region_id": region.id})
        model = cls.make_model(rows=1, columns=1)
        machines = cls.env["wine.machine"].create(
            [
                {
                    "name": f"Fleet {number:03}",
                    "serial": str(uuid4()),
                    "model_id": model.id,
                    "site_id": site.id,
                }
                for number in range(count)
            ]
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE wine_machine SET state = 'active', connection_state = 'online' "
            "WHERE id = ANY(%s)",
            [machines.ids],
        )
        cls.env.invalidate_all()
        return machines

    def say(self, kind, machine=None, minutes=0, seq=None, **data):
        """A fact of ``minutes`` after the beginning, numbered in the order of calls."""
        type(self).seq += 1
        moment = self.now + timedelta(minutes=minutes)
        fact = self.fact(
            machine or self.machine,
            kind,
            data,
            moment=moment,
            received=moment,
            position=(1, seq or self.seq),
        )
        self.project(fact)
        return fact

    def look(self, minutes=0, slow=True):
        """The watch, so many minutes after the beginning."""
        self.env.flush_all()
        self.Alert._watch(self.now + timedelta(minutes=minutes), slow=slow)
        self.env.flush_all()
        self.env.invalidate_all()

    def alerts(self, kind=None, machine=None, state=None):
        domain = [("machine_id", "in", (machine or self.machine).ids)]
        domain += [("kind", "=", kind)] if kind else []
        domain += [("state", "=", state)] if state else []
        return self.Alert.search(domain, order="id")

    def told(self, user=None):
        """(activities, digests) that a person has got about alerts."""
        user = user or self.manager
        activities = self.env["mail.activity"].search_count(
            [("user_id", "=", user.id), ("res_model", "=", "wine.machine.alert")]
        )
        digests = self.env["mail.message"].search_count(
            [("partner_ids", "in", user.partner_id.ids), ("subject", "like", "more alerts")]
        )
        return activities, digests


@tagged("post_install", "-at_install")
class TestAlertFlood(AlertCommon):
    """Very much at once stays bounded: alerts, people told, requests, queries."""

    def queries(self, action):
        before = self.env.cr.sql_log_count
        action()
        return self.env.cr.sql_log_count - before

    def test_ten_thousand_faults_of_200_machines(self):
        machines = self.make_fleet(200)
        facts = [
            self.fact(
                machine,
                "fault.raised",
                {"code": f"E{number}", "severity": "critical" if number == 0 else "warning"},
                position=(1, number + 1),
            )
            for number in range(50)
            for machine in machines
        ]
        self.assertEqual(len(facts), 10_000)
        spent = [
            self.queries(lambda start=start: self.project(*facts[start : start + 500]))
            for start in range(0, 10_000, 500)
        ]
        self.assertLess(max(spent), 60, "a batch of 500 faults asks no query per fault")
        self.assertEqual({fact.result for fact in facts}, {"done"})
        self.look()
        alerts = self.alerts(machine=machines)
        self.assertEqual(len(alerts), 5 * 200, "four singly and one for the rest, per machine")
        self.assertEqual(
            len(alerts.filtered(lambda a: a.severity == "critical")), 200, "the gravest stand out"
        )
        rest = alerts.filtered(lambda a: a.detail == "*")
        self.assertEqual(set(rest.mapped("value")), {46.0})
        self.assertEqual(self.told(), (5, 1), "five singly, the others in one message")
        self.assertEqual(len(alerts.request_id), 200, "one request per machine")
        self.assertEqual(machines.mapped("maintenance_count"), [1] * 200)
        again = self.queries(lambda: self.look(1))
        self.assertLess(again, 100, "a look at what has not changed is cheap")
        self.assertEqual(self.alerts(machine=machines), alerts)
        self.assertEqual(self.told(), (5, 1))
        self.look(59)
        self.assertEqual(self.told(), (5, 1), "no second digest within the hour")

    def test_all_over_again_and_then_over(self):
        machines = self.make_fleet(3)
        for machine in machines:
            self.say("fault.raised", machine, code="E1", severity="critical")
        self.look()
        requests = self.alerts(machine=machines).request_id
        self.assertEqual(len(requests), 3)
        requests[0].user_id = self.manager
        for machine in machines:
            self.say("fault.cleared", machine, code="E1")
        self.look(3)
        self.assertEqual(set(self.alerts(machine=machines).mapped("state")), {"open"})
        self.look(9)
        alerts = self.alerts(machine=machines)
        self.assertEqual(set(alerts.mapped("state")), {"closed"})
        self.assertEqual(
            requests.mapped("archive"), [False, True, True], "somebody is on the first"
        )
        self.assertEqual(self.told()[0], 0, "nothing is left to do for what is over")

    def test_more_faults_than_a_machine_can_have(self):
        facts = [
            self.fact(self.machine, "fault.raised", {"code": f"N{n}"}, position=(1, n + 1))
            for n in range(400)
        ]
        self.project(*facts)
        self.assertEqual(self.machine.fault_count, 51)
        self.assertIn("too_many_faults", self.machine.fault_ids.mapped("code"))
        cleared = [
            self.fact(self.machine, "fault.cleared", {"code": f"N{n}"}, position=(1, 1000 + n))
            for n in range(50)
        ]
        self.project(*cleared)
        self.assertEqual(self.machine.fault_count, 0)

    def test_a_region_goes_dark(self):
        """A carrier fails: one alert for the region, told once; nobody is sent anywhere."""
        machines = self.make_fleet(40)
        other = self.make_machine(self.region, {"A1": self.wine}, name="Long silent")
        self.say("machine.state", other, minutes=-300, state="offline")
        for number, machine in enumerate(machines):
            self.say("machine.state", machine, minutes=number % 5, state="offline")
        self.look(21)
        parent = self.Alert.search([("region_id", "=", self.region.id), ("machine_id", "=", False)])
        self.assertEqual((len(parent), parent.value, parent.severity), (1, 40, "critical"))
        self.assertEqual(parent.child_ids.machine_id, machines)
        self.assertFalse(self.alerts("offline", other).parent_id, "its silence is its own")
        self.assertEqual(self.told(), (2, 0), "the group and the single one")
        self.look(300)
        self.assertFalse(self.alerts("offline", machines).request_id)
        self.assertTrue(self.alerts("offline", other).request_id)
        for machine in machines[:30]:
            self.say("machine.state", machine, minutes=301, state="online")
        self.look(302)
        self.look(305)
        self.assertEqual((parent.state, parent.value), ("open", 10))
        for machine in machines[30:]:
            self.say("machine.state", machine, minutes=306, state="online")
        self.look(307)
        self.look(310)
        self.assertEqual(parent.state, "closed")
        self.assertEqual(set(self.alerts("offline", machines).mapped("state")), {"closed"})

    def test_four_machines_are_four(self):
        machines = self.make_fleet(4)
        for machine in machines:
            self.say("machine.state", machine, state="offline")
        self.look(16)
        self.assertFalse(self.alerts("offline", machines).parent_id)
        self.assertEqual(len(self.alerts("offline", machines)), 4)
