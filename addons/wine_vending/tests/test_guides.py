# SPDX-License-Identifier: LGPL-3.0-or-later
"""Guides, the transient models, are seen by whoever opened them alone.

Odoo 19 keeps transient records from nobody who may read the model: what a guide shows of a region
or an account, and what its user typed, would be anybody's of the same group.
"""

from odoo.tests import TransactionCase, new_test_user, tagged

OWN = "[('create_uid', '=', user.id)]"


@tagged("post_install", "-at_install")
class TestGuides(TransactionCase):
    """Every guide of every wing."""

    def guides(self):
        return [
            name
            for name, model in self.env.registry.items()
            if name.startswith("wine.") and model._transient and not model._abstract
        ]

    def test_every_guide_has_its_rule(self):
        self.assertGreater(len(self.guides()), 10)
        for name in self.guides():
            with self.subTest(model=name):
                rules = self.env["ir.rule"].search([("model_id.model", "=", name)])
                self.assertTrue(rules.filtered(lambda rule: not rule.groups and rule.active))
                self.assertEqual(
                    {rule.domain_force for rule in rules if not rule.groups}, {OWN}, "for everybody"
                )

    def test_the_rule_holds(self):
        """For every operation and every user but the superuser."""
        user = new_test_user(self.env, "guide-user", "wine_vending.group_wine_admin")
        for name in self.guides():
            for operation in ("read", "write", "create", "unlink"):
                with self.subTest(model=name, operation=operation):
                    rule = self.env["ir.rule"].with_user(user)._compute_domain(name, operation)
                    mine = leaves(rule.optimize(self.env[name]))
                    self.assertIn(("create_uid", "in", [user.id]), mine)


def leaves(domain):
    """Conditions of a domain as plain tuples."""
    return [
        (one.field_expr, one.operator, list(one.value))
        for one in domain.iter_conditions()
        if one.field_expr == "create_uid"
    ]
