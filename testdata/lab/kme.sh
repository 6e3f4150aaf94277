# Included by the other scripts here: end A gets a new key from its KME, and end B fetches the same key by its ID from
# another KME, over mutual TLS. In real life each end does its half on a host of its own, and the key ID travels
# between the two. The settings can come from the environment.

certs=${CERTS:-certs}                          # made by dske certs
master=${MASTER:-sam}                          # the SAE of end A, and the URL of its KME
master_kme=${MASTER_KME:-https://localhost:9000}
slave=${SLAVE:-sofia}                          # the same for end B
slave_kme=${SLAVE_KME:-https://localhost:9003}
at_a=${AT_A:-}                                 # prefix of a command at each end, such as: ip netns exec a
at_b=${AT_B:-}

as() { # SAE URL: asks a KME
  curl -sS --fail --max-time 10 --cacert "$certs/ca.crt" --cert "$certs/sae/$1.crt" --key "$certs/sae/$1.key" "$2"
}
member() { sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; } # of the first key in an answer

made=$(as "$master" "$master_kme/api/v1/keys/$slave/enc_keys?size=256")
id=$(printf %s "$made" | member key_ID)
fetched=$(as "$slave" "$slave_kme/api/v1/keys/$master/dec_keys?key_ID=$id")
key_of_a=$(printf %s "$made" | member key)
key_of_b=$(printf %s "$fetched" | member key)
