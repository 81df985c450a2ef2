# What all commands share: how to speak, how to stop, how to build. Sourced by ./run.

say() { printf '%s\n' "$*"; }

die() {
  say "run: $*" >&2
  exit 1
}

die_usage() {
  say "run: $*" >&2
  say "See ./run help." >&2
  exit 2
}

# The value of the option in $1, for a `case` over the command line.
value_of() {
  (($# >= 2)) || die_usage "$1 needs a value"
  say "$2"
}

# Fails unless $2, the value of option $1, is a whole number.
require_number() {
  [[ "$2" =~ ^[0-9]+$ ]] || die_usage "$1 needs a number, not '$2'"
}

jobs() { nproc; }

# A compiler cache needs a home, and some machines that only run tests have none.
if [[ -z "${HOME:-}" ]]; then
  export CCACHE_DIR="${CCACHE_DIR:-${KEEL_ROOT}/build/ccache}"
fi

# build PRESET [TARGET...]: configures when needed, then builds the preset's targets or those given.
build() {
  local preset="$1" target
  shift
  case "${preset}" in
    release | debug | asan-ubsan | tsan) ensure_packages build ;;
    clang | fuzz) ensure_packages build clang ;;
    *) die_usage "unknown preset '${preset}'" ;;
  esac
  configure "${preset}"
  local -a targets=()
  for target in "$@"; do targets+=(--target "${target}"); done
  cmake --build --preset "${preset}" --parallel "$(jobs)" "${targets[@]}"
}

# Ninja configures anew by itself when a CMake file changes; only the first time is ours.
configure() {
  local preset="$1" directory=build
  [[ "${preset}" == release ]] || directory="build/${preset}"
  [[ -f "${directory}/build.ninja" ]] || cmake --preset "${preset}"
}
