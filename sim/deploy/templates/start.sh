#!/bin/sh
# Runs a process for each node, and nginx in front, until it is interrupted. $DSKE is the program.
set -eu
cd "$(dirname "$0")"
trap 'kill $(jobs -p) 2>/dev/null' EXIT
trap exit INT TERM
<<- range .Nodes>>
"${DSKE:-dske}" run topology.yaml --only <<.Path>> --listen <<.Listen>> --data data/<<.Slug>> &
<<- end>>
nginx -p . -c nginx.conf -g 'daemon off;' &
wait
