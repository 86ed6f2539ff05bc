#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Installs the addons into a database that does not have them, or updates them when asked to.
set -eu
modules=${WINE_MODULES:-wine_vending,wine_device_bridge,wine_profit_share}
ready=$(psql -X -A -t -c "SELECT count(*) FROM ir_module_module
    WHERE state = 'installed' AND name = 'wine_vending'" 2>/dev/null || echo 0)
demo=
[ "${WINE_DEMO:-0}" = 1 ] && demo=--with-demo
if [ "$ready" != 1 ]; then
    # shellcheck disable=SC2086
    exec odoo -d "$PGDATABASE" -i "$modules" $demo --load-language=en_US,zh_CN \
        --workers=0 --max-cron-threads=0 --no-http --stop-after-init
fi
if [ "${WINE_UPDATE:-0}" = 1 ]; then
    exec odoo -d "$PGDATABASE" -u "$modules" \
        --workers=0 --max-cron-threads=0 --no-http --stop-after-init
fi
echo "The database has the addons; WINE_UPDATE=1 updates them."
