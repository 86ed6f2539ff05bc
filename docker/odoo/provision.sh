#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Gives each machine a secret and writes the simulator's file; the bridge tells the broker, or the
# broker's own script notices the changed file.
set -eu
if [ "${WINE_BROKER_ACCESS:-}" != mosquitto_dynsec ]; then
    set -- --passwd /broker-auth/passwd
fi
odoo wine_bridge_credentials -d "$PGDATABASE" "$@" --fleet /fleet/fleet.json \
    --broker-host broker --broker-port 1883
chown -R odoo:odoo /fleet
