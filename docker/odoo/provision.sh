#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Gives each machine a secret and writes the simulator's file; the bridge tells the broker, or the
# broker's own script notices the changed file.
set -eu
if [ "${WINE_BROKER_ACCESS:-}" != mosquitto_dynsec ]; then
    set -- --passwd /broker-auth/passwd
fi
# the fleet knows the authority, and gets none of the keys beside it
cp /broker-certs/ca.pem /fleet/ca.pem
odoo wine_bridge_credentials -d "$PGDATABASE" "$@" --fleet /fleet/fleet.json \
    --broker-host broker --broker-port 8883 --broker-ca /fleet/ca.pem
chown -R odoo:odoo /fleet
