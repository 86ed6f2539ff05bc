#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Finds a Python that runs Odoo 19 (installing Debian's when root) and hands over to tools/env.
set -eu
cd "$(dirname "$0")/.."

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
        2>/dev/null
}

pick() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3}; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

if ! chosen=$(pick); then
    if [ -n "${PYTHON:-}" ]; then
        echo "error: PYTHON=$PYTHON is not Python 3.10 to 3.13 with venv: name another one." >&2
        exit 1
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing Python …"
        apt-get update -qq -o APT::Update::Error-Mode=any >/dev/null 2>&1 || {
            echo "error: apt cannot reach its mirror: check the network and the sources of apt." >&2
            exit 1
        }
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            python3 python3-venv >/dev/null 2>&1 || true
    fi
    if ! chosen=$(pick); then
        echo "error: Python 3.10 to 3.13 with venv is missing: apt-get install python3-venv" \
            "(as root), or name one: PYTHON=python3.12 make run" >&2
        exit 1
    fi
fi
export PYTHONDONTWRITEBYTECODE=1
exec "$chosen" -m tools.env "$@"
