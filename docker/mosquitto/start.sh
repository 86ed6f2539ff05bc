#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
# Writes the bridge's account, puts the configuration together and starts mosquitto.
# WINE_BROKER_ACCESS=mosquitto_dynsec: the bridge tells the broker who may speak, at once;
# password_file: the broker reads its accounts again whenever their file changes.
set -eu
auth=/broker-auth
certs=/broker-certs
data=/mosquitto/data
base=${WINE_MQTT_ROOT:-wine/v1}/${WINE_MQTT_TENANT:?}
user=${WINE_MQTT_USER:?}
access=${WINE_BROKER_ACCESS:-mosquitto_dynsec}
conf=$auth/mosquitto.conf

touch "$auth/passwd"
mosquitto_passwd -b "$auth/passwd" "$user" "${WINE_MQTT_PASSWORD:?}"
cp /mosquitto/config/mosquitto.conf "$conf"

if [ "$access" = mosquitto_dynsec ]; then
    accounts=$data/dynamic-security.json
    if ! grep -q "\"$base/+/up/#\"" "$accounts" 2>/dev/null; then
        line=$(grep "^$user:" "$auth/passwd")
        # user:$7$iterations$salt$key; base64 holds neither $ nor |
        iterations=$(echo "$line" | cut -d'$' -f3)
        salt=$(echo "$line" | cut -d'$' -f4)
        key=$(echo "$line" | cut -d'$' -f5)
        sed -e "s|@BASE@|$base|g" -e "s|@USER@|$user|g" -e "s|@ITERATIONS@|$iterations|g" \
            -e "s|@SALT@|$salt|g" -e "s|@KEY@|$key|g" \
            /mosquitto/config/dynamic-security.json.in >"$accounts"
        chmod 0600 "$accounts"
    fi
    plugin=$(find / -name mosquitto_dynamic_security.so -not -path '/proc/*' | head -n 1)
    printf 'plugin %s\nplugin_opt_config_file %s\n' "${plugin:?}" "$accounts" >>"$conf"
else
    cat >"$auth/acl" <<EOF
user $user
topic read $base/+/up/#
topic write $base/+/down/#
topic readwrite $base/platform/state

pattern write $base/%u/up/birth
pattern write $base/%u/up/state
pattern write $base/%u/up/evt
pattern write $base/%u/up/ack
pattern write $base/%u/up/reported
pattern write $base/%u/up/tele
pattern read $base/%u/down/#
pattern read $base/platform/state
EOF
    printf 'password_file %s/passwd\nacl_file %s/acl\n' "$auth" "$auth" >>"$conf"
fi

if [ -e "$certs/broker.pem" ]; then
    printf 'listener 8883\ncafile %s\ncertfile %s\nkeyfile %s\ntls_version tlsv1.2\n' \
        "$certs/ca.pem" "$certs/broker.pem" "$certs/broker.key" >>"$conf"
    # machines come by this port: none by the client id of another one; the plugin binds it itself
    [ "$access" = mosquitto_dynsec ] || echo 'use_username_as_clientid true' >>"$conf"
    chown mosquitto:mosquitto "$certs" "$certs/broker.key" "$certs/broker.pem" "$certs/ca.pem"
fi

protect() {
    chown mosquitto:mosquitto "$auth"/*
    chmod 0600 "$auth"/*
}

protect
chown -R mosquitto:mosquitto "$data"
mosquitto -c "$conf" &
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
