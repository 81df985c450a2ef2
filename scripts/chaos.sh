# ./run chaos. Sourced by ./run.

command_chaos() {
  local -a out=(--out build/chaos)
  local argument
  local -a servers=(keeld keelctl)
  for argument in "$@"; do
    if [[ "${argument}" == --mutants ]]; then servers=(keeld-mutants); fi
    if [[ "${argument}" == --out || "${argument}" == --out=* ]]; then out=(); fi
  done
  build release "${servers[@]}" keel-jepsen >&2
  for argument in "$@"; do
    if [[ "${argument}" == etcd || "${argument}" == --target=etcd ]]; then
      ensure_packages conformance
    fi
  done
  exec build/bin/keel-jepsen "${out[@]}" "$@"
}
