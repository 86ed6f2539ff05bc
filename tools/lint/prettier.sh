#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# prettier with the XML plugin, from where tools/env has installed them.
set -eu
modules=.local/lint/node_modules
exec "$modules/.bin/prettier" --log-level warn \
    --plugin "./$modules/@prettier/plugin-xml/src/plugin.js" "$@"
