# SPDX-License-Identifier: LGPL-3.0-or-later
"""Against a real broker: sessions, acknowledgements, commands, lost lines."""

from fleet.tests import standin


def test_a_sale_reaches_the_platform_and_is_forgotten_only_then(world):
    fleet, platform = world(tenant="sale")
    machine = fleet.machines[0]
    vend_id = machine.buy("A1", pay="cash", outcome="success")
    assert machine.state.pending
    assert fleet.run_until(fleet.drained, 10)
    told = platform.of_type("vend.local")
    assert [event["data"]["vend_id"] for event in told] == [vend_id]
    assert fleet.report()["totals"]["values"]["kept"] == {"EUR": "12.50"}
