# ./run format and ./run lint. Sourced by ./run.

# Every C++ file of the tree, committed or about to be.
cpp_files() {
  find . \( -path ./build -o -path ./.git \) -prune -o \
    -type f \( -name '*.h' -o -name '*.cc' \) -print | sed 's|^\./||' | LC_ALL=C sort
}

# Of those, the sources that differ from the last commit.
changed_sources() {
  {
    git -c safe.directory="${KEEL_ROOT}" diff --name-only --diff-filter=d HEAD
    git -c safe.directory="${KEEL_ROOT}" ls-files --others --exclude-standard
  } | grep '\.cc$' | LC_ALL=C sort -u || true
}

command_format() {
  ensure_packages format
  case "${1:-}" in
    '') cpp_files | xargs clang-format -i ;;
    --check) check_format ;;
    *) die_usage "format: unknown option '$1'" ;;
  esac
}

check_format() {
  if ! cpp_files | xargs clang-format --dry-run --Werror; then
    say "Not formatted: ./run format puts it right."
    return 1
  fi
}

command_lint() {
  local sources failed=0
  case "${1:-}" in
    '') sources="$(changed_sources)" ;;
    --all) sources="$(cpp_files | grep '\.cc$')" ;;
    *) die_usage "lint: unknown option '$1'" ;;
  esac
  ensure_packages build clang format lint
  check_format || failed=1
  python3 tests/lint/house_rules.py || failed=1
  check_tidy "${sources}" || failed=1
  if ((failed)); then
    say "lint: failed"
    exit 1
  fi
  say "lint: ok"
}

# clang-tidy reads the compile commands of a configuration that is never built.
check_tidy() {
  [[ -n "$1" ]] || return 0
  configure lint
  cmake build/lint >/dev/null
  local compiled
  compiled="$(grep '"file":' build/lint/compile_commands.json)"
  local source
  for source in $1; do
    # A file that the build does not compile (a fuzzer) is checked by the build that does.
    if grep -qF "/${source}\"" <<<"${compiled}"; then say "${source}"; fi
  done | xargs --no-run-if-empty --max-args=1 --max-procs="$(jobs)" \
    clang-tidy -p build/lint --quiet 2> >(grep -v 'warnings generated' >&2)
}
