#!/bin/sh
# Establishes an IKE_SA with a post-quantum pre-shared key (PPK, RFC 8784) from this network: end A gets a new key from its
# KME, end B fetches the same key by its ID from another KME, over mutual TLS. The key ID is the PPK_ID. Both ends load it into
# strongSwan by swanctl, and A connects; without the PPK neither does. In real life each end runs its half on a host of its own,
# and the key ID travels between the two. A later PPK takes a reauthentication.
set -eu

certs=${CERTS:-certs}                          # of dske certs
master=${MASTER:-sam}                          # the SAE of end A, and where its KME is
master_kme=${MASTER_KME:-https://localhost:9000}
slave=${SLAVE:-sofia}                          # the same for end B
slave_kme=${SLAVE_KME:-https://localhost:9003}
at_a=${AT_A:-}                                 # what runs a command at each end, such as: ip netns exec a
at_b=${AT_B:-}
address_a=${ADDRESS_A:-192.0.2.1}
address_b=${ADDRESS_B:-192.0.2.2}
uri_a=${URI_A:-unix:///var/run/charon.vici}    # of strongSwan's daemon at each end
uri_b=${URI_B:-unix:///var/run/charon.vici}
secret=${SECRET:?}                             # of the ends themselves, which the PPK is mixed with

as() { # SAE URL: asks a KME
  curl -sS --fail --max-time 10 --cacert "$certs/ca.crt" --cert "$certs/sae/$1.crt" --key "$certs/sae/$1.key" "$2"
}
member() { sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; } # of the first key in an answer

made=$(as "$master" "$master_kme/api/v1/keys/$slave/enc_keys?size=256")
id=$(printf %s "$made" | member key_ID)
fetched=$(as "$slave" "$slave_kme/api/v1/keys/$master/dec_keys?key_ID=$id")

umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
load() { # COMMAND URI LOCAL REMOTE LOCAL_ADDRESS REMOTE_ADDRESS KEY: tells strongSwan at one end
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
load "$at_b" "$uri_b" "$slave" "$master" "$address_b" "$address_a" "$(printf %s "$fetched" | member key)"
load "$at_a" "$uri_a" "$master" "$slave" "$address_a" "$address_b" "$(printf %s "$made" | member key)"
$at_a swanctl --initiate --child dske --uri "$uri_a" || echo "no CHILD_SA, which takes IPsec in the kernel" >&2
$at_a swanctl --list-sas --uri "$uri_a"
