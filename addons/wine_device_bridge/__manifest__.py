# SPDX-License-Identifier: LGPL-3.0-or-later
{
    "name": "Wine Device Bridge",
    "summary": "Machines over MQTT 5: store, commit, acknowledge; commands and shadow",
    "version": "19.0.1.0.0",
    "category": "Sales/Wine Vending",
    "license": "LGPL-3",
    "author": "Wine Vending contributors",
    "depends": ["wine_vending"],
    "external_dependencies": {"python": ["jsonschema-rs", "paho-mqtt"]},
    "data": [
        "security/ir.model.access.csv",
        "security/bridge_rules.xml",
        "security/bridge_access_rules.xml",
        "security/bridge_disturbance_rules.xml",
        "data/bridge_alerts.xml",
        "data/bridge_cron.xml",
        "views/bridge_event_views.xml",
        "views/bridge_command_views.xml",
        "views/bridge_planogram_views.xml",
        "views/bridge_menus.xml",
        "views/bridge_access_views.xml",
    ],
}
