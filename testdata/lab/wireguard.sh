#!/bin/sh
# Rekeys a WireGuard tunnel once: one end gets a new key from its KME, the other end fetches the same key by its ID from
# another KME, over mutual TLS, and both enter it as the pre-shared key of their peer. Run it every few seconds or minutes, as
# root. Each line of the settings can come from the environment; in real life each end runs its half on a host of its own,
# and the key ID travels between the two.
set -eu

certs=${CERTS:-certs}                          # of dske certs
master=${MASTER:-sam}                          # the SAE of end A, and where its KME is
master_kme=${MASTER_KME:-https://localhost:9000}
slave=${SLAVE:-sofia}                          # the same for end B
slave_kme=${SLAVE_KME:-https://localhost:9003}
at_a=${AT_A:-}                                 # what runs a command at each end, such as: ip netns exec a
at_b=${AT_B:-}
peer_of_a=${PEER_OF_A:?}                       # how end A knows end B: public key, then endpoint and allowed-ips
peer_of_b=${PEER_OF_B:?}
device_a=${DEVICE_A:-wg0}
device_b=${DEVICE_B:-wg0}

as() { # SAE URL: asks a KME
  curl -sS --fail --max-time 10 --cacert "$certs/ca.crt" --cert "$certs/sae/$1.crt" --key "$certs/sae/$1.key" "$2"
}
member() { sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; } # of the first key in an answer

made=$(as "$master" "$master_kme/api/v1/keys/$slave/enc_keys?size=256")
id=$(printf %s "$made" | member key_ID)
fetched=$(as "$slave" "$slave_kme/api/v1/keys/$master/dec_keys?key_ID=$id")

enter() { # COMMAND DEVICE PEER KEY: a peer that is new has no session with an older key
  printf %s "$4" | $1 wg set "$2" peer ${3%% *} remove peer $3 preshared-key /dev/stdin
}
$at_a wg set "$device_a" peer ${peer_of_a%% *} remove # so that it waits for B
enter "$at_b" "$device_b" "$peer_of_b" "$(printf %s "$fetched" | member key)"
enter "$at_a" "$device_a" "$peer_of_a" "$(printf %s "$made" | member key)"
echo "$id"
