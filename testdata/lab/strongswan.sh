#!/bin/sh
# Establishes an IKE_SA with a post-quantum pre-shared key (PPK, RFC 8784) from two KMEs. The key ID is the PPK_ID.
# Both ends load them into strongSwan with swanctl, and A connects; without the PPK there is no IKE_SA. A later PPK
# takes effect at a reauthentication. See kme.sh for the settings.
set -eu
. "$(dirname "$0")/kme.sh"

address_a=${ADDRESS_A:-192.0.2.1}
address_b=${ADDRESS_B:-192.0.2.2}
uri_a=${URI_A:-unix:///var/run/charon.vici}    # strongSwan's daemon at each end
uri_b=${URI_B:-unix:///var/run/charon.vici}
secret=${SECRET:?}                             # the ends' own secret, with which the PPK is mixed

umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
load() { # COMMAND URI LOCAL REMOTE LOCAL_ADDRESS REMOTE_ADDRESS KEY: configures strongSwan at one end
  cat >"$file" <<END
connections {
  dske {
    version = 2
    local_addrs = $5
    remote_addrs = $6
    proposals = aes256-sha256-x25519
    ppk_id = $id
    ppk_required = yes
    local {
      auth = psk
      id = $3
    }
    remote {
      auth = psk
      id = $4
    }
    children {
      dske {
        local_ts = $5
        remote_ts = $6
      }
    }
  }
}
secrets {
  ike-dske {
    secret = "$secret"
  }
  ppk-dske {
    id = $id
    secret = 0s$7
  }
}
END
  $1 swanctl --load-creds --noprompt --clear --uri "$2" --file "$file" && $1 swanctl --load-conns --uri "$2" --file "$file"
}
load "$at_b" "$uri_b" "$slave" "$master" "$address_b" "$address_a" "$key_of_b"
load "$at_a" "$uri_a" "$master" "$slave" "$address_a" "$address_b" "$key_of_a"
$at_a swanctl --initiate --child dske --uri "$uri_a" || echo "no CHILD_SA, which takes IPsec in the kernel" >&2
$at_a swanctl --list-sas --uri "$uri_a"
