#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Writes the rules and the bridge's account, starts mosquitto, and has it read its accounts again
# whenever they change.
set -eu
auth=/broker-auth
base=${WINE_MQTT_ROOT:-wine/v1}/${WINE_MQTT_TENANT:?}
user=${WINE_MQTT_USER:?}

cat >"$auth/acl" <<EOF
user $user
topic read $base/+/up/#
topic write $base/+/down/#
topic readwrite $base/platform/state

pattern write $base/%u/up/#
pattern read $base/%u/down/#
pattern read $base/platform/state
EOF
touch "$auth/passwd"
mosquitto_passwd -b "$auth/passwd" "$user" "${WINE_MQTT_PASSWORD:?}"

protect() {
    chown mosquitto:mosquitto "$auth/acl" "$auth/passwd"
    chmod 0600 "$auth/acl" "$auth/passwd"
}

protect
chown -R mosquitto:mosquitto /mosquitto/data
mosquitto -c /mosquitto/config/mosquitto.conf &
broker=$!
trap 'kill -TERM $broker; wait $broker; exit 0' TERM INT

known=$(md5sum "$auth/passwd")
while kill -0 "$broker" 2>/dev/null; do
    sleep 2 &
    wait $!
    current=$(md5sum "$auth/passwd")
    if [ "$current" != "$known" ]; then
        known=$current
        protect
        kill -HUP "$broker"
    fi
done
wait "$broker"
