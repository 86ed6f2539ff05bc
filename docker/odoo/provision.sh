#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Writes the machines' accounts for the broker and the simulator's file; the broker's own script
# notices the change.
set -eu
odoo wine_bridge_credentials -d "$PGDATABASE" --passwd /broker-auth/passwd \
    --fleet /fleet/fleet.json --broker-host broker --broker-port 1883
chown -R odoo:odoo /fleet
