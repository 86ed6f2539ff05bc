# SPDX-License-Identifier: LGPL-3.0-or-later
"""The company whose machines are troubled: regions, sites, products, machines, and who shares."""

REGIONS, COLUMNS, CAPACITY = 4, 3, 60
PRICES = (9.5, 12.0, 18.9, 24.0, 31.5, 7.25)
PREFIX = "CHAOS-"


def build(env, count):
    """Machines with full planograms, commissioned and active, and a policy that shares them."""
    env = env(context=dict(env.context, tracking_disable=True, no_reset_password=True))
    _policy(env)
    hosts = env["res.partner"].create([{"name": f"Host {n} of the trouble"} for n in range(4)])
    products = _products(env)
    machines = env["wine.machine"].create(_machines(env, count, hosts))
    planograms = env["wine.planogram"].create(
        [
            {
                "machine_id": machine.id,
                "line_ids": [
                    (0, 0, _line(slot, products[(number + place) % len(products)]))
                    for place, slot in enumerate(machine.slot_ids)
                ],
            }
            for number, machine in enumerate(machines)
        ]
    )
    planograms.action_publish()
    machines.action_commission()
    machines.action_activate()


def _line(slot, product):
    return {"slot_id": slot.id, "product_id": product.id, "price": product.list_price}


def _products(env):
    category = env.ref("wine_vending.categ_drinks")
    return env["product.product"].create(
        [
            {
                "name": f"Bottle {number} of the trouble",
                "default_code": f"{PREFIX}{number}",
                "is_storable": True,
                "categ_id": category.id,
                "list_price": price,
                "standard_price": price / 2,
                "wine_volume_ml": 750,
            }
            for number, price in enumerate(PRICES)
        ]
    )


def _machines(env, count, hosts):
    model = env["wine.machine.model"].create(
        {
            "name": "Three lanes",
            "maker": "Chaos",
            "rows": 1,
            "columns": COLUMNS,
            "slot_capacity": CAPACITY,
        }
    )
    regions = env["wine.region"].create(
        [{"name": f"Trouble {n}", "code": f"TR{n}", "tz": "UTC"} for n in range(REGIONS)]
    )
    sites = env["wine.site"].create(
        [
            {"name": f"Site {n}", "region_id": region.id, "host_partner_id": host.id}
            for n, (region, host) in enumerate(zip(regions, hosts, strict=True))
        ]
    )
    return [
        {
            "name": f"Machine {number}",
            "serial": f"{PREFIX}{number:04d}",
            "site_id": sites[number % REGIONS].id,
            "model_id": model.id,
        }
        for number in range(count)
    ]


def _policy(env):
    """One policy for all: the host gets a part, the platform the rest."""
    from tests.harness import House

    House.rest_policies(env)
    env["wine.share.policy"].create(
        {
            "name": "In trouble",
            "company_id": env.ref("base.main_company").id,
            "date_from": "2020-01-01",
            "hold_days": 3,
            "line_ids": [
                (0, 0, {"sequence": 1, "role": "host", "value": "percent", "base": "net",
                        "percent": 7.5}),
                (0, 0, {"sequence": 2, "role": "platform", "value": "residual"}),
            ],
        }
    ).action_activate()  # fmt: skip
