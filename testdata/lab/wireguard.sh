#!/bin/sh
# Rekeys a WireGuard tunnel once: both ends set a key from their KMEs as the pre-shared key of their peer. Run it every
# few seconds or minutes, as root; see kme.sh for the settings.
set -eu
. "$(dirname "$0")/kme.sh"

peer_of_a=${PEER_OF_A:?}                       # end B for end A: public key, then endpoint and allowed-ips
peer_of_b=${PEER_OF_B:?}
device_a=${DEVICE_A:-wg0}
device_b=${DEVICE_B:-wg0}

enter() { # COMMAND DEVICE PEER KEY: a new peer has no session with an older key
  printf %s "$4" | $1 wg set "$2" peer ${3%% *} remove peer $3 preshared-key /dev/stdin
}
$at_a wg set "$device_a" peer ${peer_of_a%% *} remove # so that it waits for B
enter "$at_b" "$device_b" "$peer_of_b" "$key_of_b"
enter "$at_a" "$device_a" "$peer_of_a" "$key_of_a"
echo "$id"
