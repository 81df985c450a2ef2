# ./run fuzz. Sourced by ./run.

list_fuzz_targets() {
  local source
  for source in tests/fuzz/*.cc; do
    source="${source##*/}"
    say "  ${source%.cc}"
  done
}

command_fuzz() {
  local target="" runs=100000
  while (($#)); do
    case "$1" in
      --runs) runs="$(value_of "$@")"; shift 2 ;;
      -*) die_usage "fuzz: unknown option '$1'" ;;
      *) [[ -z "${target}" ]] || die_usage "fuzz: one target at a time"; target="$1"; shift ;;
    esac
  done
  require_number --runs "${runs}"
  if [[ ! -f "tests/fuzz/${target}.cc" ]]; then
    say "The fuzz targets are:" >&2
    list_fuzz_targets >&2
    exit 2
  fi
  build fuzz "fuzz_${target}"
  run_fuzzer "${target}" "${runs}"
}

# What the fuzzer has learned stays under build/fuzz/corpus for the next time. Inputs that are worth
# keeping for ever are in tests/fuzz/corpus, and are read first.
run_fuzzer() {
  local target="$1" runs="$2" code=0
  local corpus="build/fuzz/corpus/${target}" findings="build/fuzz/findings/${target}"
  local -a corpora=("${corpus}")
  mkdir -p "${corpus}" "${findings}"
  if [[ -d "tests/fuzz/corpus/${target}" ]]; then corpora+=("tests/fuzz/corpus/${target}"); fi
  # Without weights and counters, which cost more than most inputs; and memory is given back soon.
  ASAN_OPTIONS="${ASAN_OPTIONS:-quarantine_size_mb=4}" \
    "build/fuzz/bin/fuzz_${target}" -runs="${runs}" -timeout=10 -print_final_stats=1 \
    -entropic=0 -use_counters=0 \
    -artifact_prefix="${findings}/" "${corpora[@]}" || code=$?
  if ((code == 0)); then
    say "fuzz: runs=${runs} crashes=0"
    return
  fi
  say "The input is in ${findings}/; replay it with build/fuzz/bin/fuzz_${target} FILE"
  say "fuzz: runs=${runs} crashes=1"
  exit 1
}
