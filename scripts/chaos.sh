# ./run chaos. Sourced by ./run.

command_chaos() {
  local -a out=(--out build/chaos)
  local argument
  for argument in "$@"; do
    if [[ "${argument}" == --out || "${argument}" == --out=* ]]; then out=(); fi
  done
  build release keeld keel-jepsen >&2
  for argument in "$@"; do
    if [[ "${argument}" == etcd || "${argument}" == --target=etcd ]]; then
      ensure_packages conformance
    fi
  done
  exec build/bin/keel-jepsen "${out[@]}" "$@"
}
