# ./run test: three tiers. The first two are one build and one ctest; --full is a list of stages, each a
# process of its own with a log, a time limit and a line in the table that closes the run. Sourced by ./run.

# name | minutes that it is given room for on two cores, its build from nothing included | what it shows
# First what shows most in an hour; what takes an hour by itself has to wait for a run without a budget.
readonly STAGES="\
release     | 25 | everything that ./run test runs
mutants     |  9 | every known bug, put back in, is caught
asan-sim    |  4 | 500 seeds under the address and undefined-behaviour sanitizers
tsan-sim    |  4 | 500 seeds under the thread sanitizer
fuzz-coding |  2 | a million malformed inputs for the decoder
fuzz-raft   |  4 | a million malformed inputs for the core
crash       |  3 | every crash of the disk, fifty thousand images and more
fuzz-http2  |  9 | a million malformed HTTP/2 streams
fuzz-values |  3 | a million malformed stored values
current     |  9 | the conformance suites by the newest releases of the clients
fuzz-peer   |  4 | a million malformed streams between members
fuzz-grpc   |  9 | a million malformed gRPC calls
fuzz-http1  |  4 | a million malformed HTTP/1.1 requests
sim-nodes   | 25 | two thousand seeds of whole nodes
asan-unit   | 35 | unit tests and scenarios under the address and undefined-behaviour sanitizers
tsan-unit   | 35 | unit tests and scenarios under the thread sanitizer
faults      | 40 | the long faults of real processes: ten minutes of resets, a million writes missed, 200 outages
chaos       | 14 | ten minutes of every fault on five real processes, and no anomaly
planted     | 32 | the chaos tool finds known bugs in real processes
clang       |  5 | the other compiler: tests, and the same trace for the same seed
lint        |  6 | format, house rules, clang-tidy over every file
fuzz-stream |  3 | a million malformed snapshot streams
fuzz-vote   |  4 | a million malformed vote files
fuzz-txn    | 12 | a million malformed commands
fuzz-log    | 20 | a million malformed logs"

command_test() {
  local tier=default budget_minutes=0
  local -a only=()
  while (($#)); do
    case "$1" in
      --quick) tier=quick; shift ;;
      --full) tier=full; shift ;;
      --budget-minutes) budget_minutes="$(value_of "$@")"; require_number "$1" "$2"; shift 2 ;;
      --stage) tier=full; only+=("$(value_of "$@")"); shift 2 ;;
      --run-stage) "stage_$(value_of "$@" | tr - _)"; return ;;
      *) die_usage "test: unknown option '$1'" ;;
    esac
  done
  case "${tier}" in
    quick) test_preset release '^(unit|lint|quick)$' ;;
    default) stage_release ;;
    full) test_full "${budget_minutes}" "${only[@]}" ;;
  esac
}

# test_preset PRESET [LABELS]: builds all, then runs the tests that carry one of the labels, or all that
# are not labelled slow. Ends with ctest's summary.
test_preset() {
  build "$1"
  if (($# == 1)); then ensure_packages conformance chaos; fi
  local -a selection=(--label-exclude '^slow$')
  if (($# > 1)); then selection+=(--label-regex "$2"); fi
  local code=0
  ctest --preset "$1" --parallel "$(jobs)" "${selection[@]}" || code=$?
  ((code == 0)) || tell_failures "$1"
  return "${code}"
}

# tell_failures PRESET: closes a run with each failed test's last word, which ctest leaves far above.
tell_failures() {
  local directory=build
  [[ "$1" == release ]] || directory="build/$1"
  awk -F '[0-9]+/[0-9]+ Testing: ' '
    NR == FNR { sub(/^[0-9]+:/, ""); failed[$0] = 1; next }
    NF == 2 { name = $2; word = ""; next }
    /^<end of output>/ || /^Test time =/ { if (name in failed) print "failed: " name ": " word; name = ""; next }
    /[^ ]/ { word = $0 }' "${directory}/Testing/Temporary/"{LastTestsFailed,LastTest}.log
}

# -- The stages ----------------------------------------------------------------------------------

stage_release() { test_preset release; }
stage_asan_unit() { test_preset asan-ubsan '^(unit|scenario)$'; }
stage_tsan_unit() { test_preset tsan '^(unit|scenario)$'; }
stage_lint() { command_lint --all; }
stage_fuzz_raft() { command_fuzz raft_step --runs 1000000; }
stage_fuzz_coding() { command_fuzz base_coding --runs 1000000; }
stage_fuzz_values() { command_fuzz kv_value --runs 1000000; }
stage_fuzz_stream() { command_fuzz kv_snapshot --runs 1000000; }
stage_fuzz_peer() { command_fuzz peer_frames --runs 1000000; }
stage_fuzz_vote() { command_fuzz wal_vote --runs 1000000; }
stage_fuzz_txn() { command_fuzz kv_txn --runs 1000000; }
stage_fuzz_log() { command_fuzz wal_record --runs 1000000; }
stage_fuzz_http2() { command_fuzz net_http2 --runs 1000000; }
stage_fuzz_grpc() { command_fuzz net_grpc --runs 1000000; }
stage_fuzz_http1() { command_fuzz net_http1 --runs 1000000; }
stage_current() { command_conformance --current; }
stage_crash() { command_crash; }

# A process a core. Closes with the sum of both, as one run would; a cell that is empty in either is one too many.
stage_sim_nodes() {
  build release keel-sim-node
  mkdir -p build/logs
  local half code=0
  local -a running=()
  for half in 0 1; do
    build/bin/keel-sim-node --seeds 1000 --first-seed $((1000 * half + 1)) >"build/logs/sim-nodes.${half}.log" 2>&1 &
    running+=($!)
  done
  for half in 0 1; do
    wait "${running[half]}" || code=$?
    cat "build/logs/sim-nodes.${half}.log"
  done
  sum_of_sims build/logs/sim-nodes.{0,1}.log || code=$?
  return "${code}"
}

sum_of_sims() {
  awk '/^sim: / { for (i = 2; i <= NF; i++) { split($i, part, "="); sum[part[1]] += part[2] } }
    END { print "sim: seeds=" sum["seeds"] " simulated_s=" sum["simulated_s"] " speed=" sum["speed"] \
                " violations=" sum["violations"] " empty_cells=" sum["empty_cells"]
          exit sum["seeds"] == 0 || sum["violations"] + sum["empty_cells"] > 0 }' "$@"
}

stage_faults() {
  build release
  ensure_packages conformance
  ctest --preset release --label-regex '^slow$'
}

stage_chaos() {
  build release keeld keelctl keel-jepsen
  build/bin/keel-jepsen --time 600 --nodes 5 --faults all --out build/chaos
}

stage_planted() {
  build release keeld-mutants keel-jepsen
  build/bin/keel-jepsen --mutants
}
stage_asan_sim() { simulate asan-ubsan --seeds 500; }
stage_tsan_sim() { simulate tsan --seeds 500; }

stage_mutants() {
  build release keel-mutants keel-node-mutants keel-archive-mutants keel-crash-mutants keel-kv-mutants
  build/bin/keel-mutants
  build/bin/keel-node-mutants
  build/bin/keel-archive-mutants
  build/bin/keel-crash-mutants
  build/bin/keel-kv-mutants
}

stage_clang() {
  test_preset clang '^(unit|scenario|example)$'
  build release keel-sim
  local seed
  for seed in 1 2 3; do same_trace "${seed}"; done
  say "The same traces by both compilers."
}

simulate() {
  local preset="$1"
  shift
  build "${preset}" keel-sim
  "build/${preset}/bin/keel-sim" "$@"
}

# A run of the simulator is the same whichever compiler built it.
same_trace() {
  local by_gcc by_clang
  by_gcc="$(trace_of build/bin/keel-sim "$1")"
  by_clang="$(trace_of build/clang/bin/keel-sim "$1")"
  [[ "${by_gcc}" == "${by_clang}" ]] || die "seed $1: g++ gives ${by_gcc}, clang++ gives ${by_clang}"
}

trace_of() {
  "$1" --seed "$2" | grep --only-matching --max-count=1 'trace_hash=[0-9a-f]*' ||
    die "$1 --seed $2 prints no trace_hash="
}

# -- Running them one after the other --------------------------------------------------------------

test_full() {
  local budget_seconds=$((60 * $1)) failed=0 passed=0 name minutes about
  shift
  local -a table=()
  if [[ "${1:-}" == help ]]; then
    say "${STAGES}"
    return
  fi
  check_stage_names "$@"
  mkdir -p build/logs
  SECONDS=0
  while IFS='|' read -r name minutes about; do
    name="${name// /}"
    is_chosen "${name}" "$@" || continue
    if ((budget_seconds && SECONDS + 60 * minutes > budget_seconds)); then
      table+=("not run: out of time|${name}|0|${about}")
      say "-- ${name}: not run: out of time"
      continue
    fi
    run_stage "${name}" "${budget_seconds}"
    case "${STAGE_RESULT}" in
      passed) passed=$((passed + 1)) ;;
      failed) failed=$((failed + 1)) ;;
    esac
    table+=("${STAGE_RESULT}|${name}|${STAGE_SECONDS}|${STAGE_EVIDENCE}")
  done <<<"${STAGES}"
  print_table "${table[@]}"
  say "stages: ${passed} passed, ${failed} failed"
  ((failed == 0))
}

# is_chosen NAME [CHOSEN...]: all are, when none is named.
is_chosen() {
  local name="$1" chosen
  shift
  (($#)) || return 0
  for chosen in "$@"; do [[ "${chosen}" != "${name}" ]] || return 0; done
  return 1
}

check_stage_names() {
  local chosen
  for chosen in "$@"; do
    grep -q "^${chosen} *|" <<<"${STAGES}" || die_usage "no such stage: ${chosen}"
  done
}

# run_stage NAME BUDGET_SECONDS: leaves STAGE_RESULT, STAGE_SECONDS and STAGE_EVIDENCE. A stage that
# outlives the budget is cut off: it has shown nothing, and the table says so. Only the first, without which
# there is no run, fails then.
run_stage() {
  local name="$1" limit=0 began=${SECONDS} code=0 log="build/logs/$1.log"
  local -a install_option=()
  if (($2)); then limit=$(($2 - SECONDS)); fi
  ((MAY_INSTALL)) || install_option=(--no-install)
  say "-- ${name}: running (log: ${log})"
  timeout --kill-after=10 "${limit}" "${KEEL_ROOT}/run" test "${install_option[@]}" \
    --run-stage "${name}" >"${log}" 2>&1 </dev/null || code=$?
  STAGE_SECONDS=$((SECONDS - began))
  STAGE_RESULT=passed
  STAGE_EVIDENCE="$(evidence_in "${log}" '^$')"
  if ((code != 0)); then
    STAGE_RESULT=failed
    STAGE_EVIDENCE="$(evidence_in "${log}" '^100%')$(sed -n 's/^failed: /; /p' "${log}" | tr -d '\n' | cut -c -600)"
    if ((code == 124 || code == 137)); then
      STAGE_EVIDENCE="cut off at the end of the budget"
      [[ "${name}" == release ]] || STAGE_RESULT="out of time"
    fi
    tail -n 100 "${log}"
  fi
  say "-- ${name}: ${STAGE_RESULT} in ${STAGE_SECONDS} s: ${STAGE_EVIDENCE}"
}

# The line by which a log shows its outcome: the judge's own closing line or ctest's summary, and for
# a stage that failed otherwise simply its last line.
evidence_in() {
  local line outcome='^[0-9]+% tests passed|^(sim|crash|mutants|fuzz|lint|conformance|chaos): '
  line="$(grep -E "${outcome}" "$1" | grep -v "$2" | tail -n 1)" || true
  [[ -n "${line}" ]] || line="$(grep -v '^ *$' "$1" | tail -n 1)" || true
  say "${line}"
}

print_table() {
  local row result name seconds evidence
  say ""
  printf '%-12s %-22s %7s  %s\n' stage result seconds evidence
  for row in "$@"; do
    IFS='|' read -r result name seconds evidence <<<"${row}"
    printf '%-12s %-22s %7s  %s\n' "${name}" "${result}" "${seconds}" "${evidence# }"
  done
}
