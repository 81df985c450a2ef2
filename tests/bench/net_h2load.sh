#!/bin/sh
# Requests a second, and the server's processor time for each, of an echo over gRPC: h2load (from
# Debian's nghttp2-client) against net_test_server on loopback.
#
#   net_h2load.sh <net_test_server> [requests]
#
# Prints one line a shape: connections x streams, requests/s, server us/request, failures.
set -eu
server=$1
requests=${2:-200000}
work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
printf '\000\000\000\000\005hello' > "$work/body"
mkfifo "$work/in"
"$server" < "$work/in" > "$work/port" &
pid=$!
exec 9> "$work/in"
while [ ! -s "$work/port" ]; do sleep 0.05; done
url="http://127.0.0.1:$(cat "$work/port")/keel.test.Echo/Unary"
hertz=$(getconf CLK_TCK)
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
for shape in "8 64" "256 1"; do
  set -- $shape
  before=$(ticks)
  h2load -c "$1" -m "$2" -t 1 -n "$requests" -d "$work/body" \
    -H 'content-type: application/grpc' -H 'te: trailers' "$url" > "$work/out"
  after=$(ticks)
  rate=$(sed -n 's/^finished in .*, \([0-9.]*\) req\/s.*/\1/p' "$work/out")
  failed=$(sed -n 's/^requests: .* \([0-9]*\) failed.*/\1/p' "$work/out")
  awk -v shape="$1x$2" -v rate="$rate" -v ticks=$((after - before)) -v hertz="$hertz" \
    -v n="$requests" -v failed="$failed" 'BEGIN {
      printf "%-8s %9.0f requests/s  %6.2f us/request  %d failed\n", shape, rate,
             ticks / hertz * 1e6 / n, failed }'
done
