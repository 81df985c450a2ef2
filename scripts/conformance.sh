# ./run conformance: the clients that others wrote. Sourced by ./run.

command_conformance() {
  local current=0
  local -a clients=()
  while (($#)); do
    case "$1" in
      --current) current=1; shift ;;
      --only) clients+=(--only "$(value_of "$@")"); shift 2 ;;
      *) die_usage "conformance: unknown option '$1'" ;;
    esac
  done
  if ((current)); then
    conformance_current "${clients[@]}"
  else
    ((${#clients[@]} == 0)) || die_usage "conformance: --only goes with --current"
    conformance_pinned
  fi
}

# Debian's releases, and the one from npm that package.json names.
conformance_pinned() {
  build release keeld keelctl
  ensure_packages conformance
  ctest --preset release --tests-regex '^conformance_'
}

# The newest of every client, from the registries that the tools of their languages are configured for.
conformance_current() {
  build release keeld keelctl
  ensure_packages conformance current
  /usr/bin/python3 tests/conformance/current.py --server build/bin/keeld "$@"
}
