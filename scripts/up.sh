# ./run up and ./run down: a cluster of a few members on this machine, in the background. Each member
# has a directory under build/cluster: data/, log, pid. Sourced by ./run.

readonly CLUSTER_DIRECTORY="${KEEL_CLUSTER_DIRECTORY:-build/cluster}"
readonly UP_PATIENCE_SECONDS=30
readonly DOWN_PATIENCE_SECONDS=30

# The ports of member N, from 1 on: 2379 and 2380, then ten thousand apart from 22379 on. With
# KEEL_CLUSTER_PORT, that one and those behind it, two for each.
client_port_of() {
  if [[ -n "${KEEL_CLUSTER_PORT:-}" ]]; then
    say $((KEEL_CLUSTER_PORT + 2 * ($1 - 1)))
  else
    say $((($1 == 1 ? 0 : 10000 * $1) + 2379))
  fi
}
peer_port_of() { say $(($(client_port_of "$1") + 1)); }

member_directory() { say "${CLUSTER_DIRECTORY}/n$1"; }

command_up() {
  local nodes
  # As it was made, where there is one.
  nodes="$(cat "${CLUSTER_DIRECTORY}/nodes" 2>/dev/null || say 3)"
  while (($#)); do
    case "$1" in
      --nodes=*) set -- --nodes "${1#*=}" "${@:2}" ;;
      --nodes) nodes="$(value_of "$@")"; require_number "$1" "$2"; shift 2 ;;
      *) die_usage "up: unknown option '$1'" ;;
    esac
  done
  ((nodes >= 1 && nodes <= 5)) || die_usage "up: --nodes is between 1 and 5"
  check_cluster_size "${nodes}"
  [[ -n "${KEEL_CLUSTER_PROGRAM:-}" ]] || build release keeld keelctl >&2
  mkdir -p "${CLUSTER_DIRECTORY}"
  local number
  for ((number = 1; number <= nodes; ++number)); do
    [[ -n "$(pid_of_member "${number}")" ]] || check_ports_free "${number}"
  done
  for ((number = 1; number <= nodes; ++number)); do
    [[ -n "$(pid_of_member "${number}")" ]] || start_member "${number}" "${nodes}"
  done
  say "${nodes}" >"${CLUSTER_DIRECTORY}/nodes"
  wait_until_healthy "${nodes}"
  print_cluster "${nodes}"
}

# A cluster keeps the size that it was made with: a data directory knows the others.
check_cluster_size() {
  local made=""
  if [[ -f "${CLUSTER_DIRECTORY}/nodes" ]]; then made="$(<"${CLUSTER_DIRECTORY}/nodes")"; fi
  if [[ -n "${made}" && "${made}" != "$1" ]]; then
    die "there is a cluster of ${made} here: ./run up --nodes ${made}, or ./run down --wipe first"
  fi
}

initial_cluster() {
  local number list=""
  for ((number = 1; number <= $1; ++number)); do
    list+="${list:+,}n${number}=http://127.0.0.1:$(peer_port_of "${number}")"
  done
  say "${list}"
}

# The pid of member $1 if its process runs and is the one that was started here; else nothing.
pid_of_member() {
  local directory pid
  directory="$(member_directory "$1")"
  [[ -f "${directory}/pid" ]] || return 0
  pid="$(<"${directory}/pid")"
  [[ "${pid}" =~ ^[0-9]+$ && -r "/proc/${pid}/cmdline" ]] || return 0
  # The number may have passed to somebody else since.
  if tr '\0' '\n' <"/proc/${pid}/cmdline" 2>/dev/null | grep -qxF -- "${KEEL_ROOT}/${directory}/data" ||
    tr '\0' '\n' <"/proc/${pid}/cmdline" 2>/dev/null | grep -qxF -- "${directory}/data"; then
    say "${pid}"
  fi
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Who listens on port $1, as far as this user may know.
owner_of_port() {
  local owner=""
  if command -v ss >/dev/null; then
    owner="$(ss -Hltnp "sport = :$1" 2>/dev/null | grep -o 'users:.*' | head -n 1)" || true
  fi
  say "${owner:-a process that this user may not see}"
}

check_ports_free() {
  local port taken=0
  for port in "$(client_port_of "$1")" "$(peer_port_of "$1")"; do
    if port_is_taken "${port}"; then
      say "run: port ${port} is taken by $(owner_of_port "${port}")" >&2
      taken=1
    fi
  done
  ((!taken)) || die "member n$1 needs that port: end what has it (./run down, if it is an older cluster of Keel's)"
}

start_member() {
  local number="$1" nodes="$2" directory client peer
  directory="$(member_directory "${number}")"
  client="http://127.0.0.1:$(client_port_of "${number}")"
  peer="http://127.0.0.1:$(peer_port_of "${number}")"
  mkdir -p "${directory}"
  setsid "${KEEL_CLUSTER_PROGRAM:-build/bin/keeld}" --name "n${number}" --data-dir "${directory}/data" \
    --listen-client-urls "${client}" --advertise-client-urls "${client}" \
    --listen-peer-urls "${peer}" --initial-advertise-peer-urls "${peer}" \
    --initial-cluster "$(initial_cluster "${nodes}")" --initial-cluster-token keel-run-up \
    </dev/null >>"${directory}/log" 2>&1 &
  say "$!" >"${directory}/pid"
}

# GET http://127.0.0.1:$1$2 within two seconds, without a tool that may not be there: the answer.
http_get() {
  timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
    printf "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" "$1" >&3 &&
    cat <&3' "$1" "$2" 2>/dev/null || true
}

is_healthy() { [[ "$(http_get "$(client_port_of "$1")" /health)" == *'"health":"true"'* ]]; }

leads() {
  http_get "$(client_port_of "$1")" /metrics | grep -q '^etcd_server_is_leader 1'
}

wait_until_healthy() {
  local nodes="$1" number deadline=$((SECONDS + UP_PATIENCE_SECONDS))
  for ((number = 1; number <= nodes; ++number)); do
    until is_healthy "${number}"; do
      if [[ -z "$(pid_of_member "${number}")" ]]; then
        tail -n 3 "$(member_directory "${number}")/log" >&2
        die "member n${number} has ended; its log: $(member_directory "${number}")/log"
      fi
      ((SECONDS < deadline)) ||
        die "member n${number} is not healthy after ${UP_PATIENCE_SECONDS} s; its log: $(member_directory "${number}")/log"
      sleep 0.1
    done
  done
}

print_cluster() {
  local nodes="$1" number role endpoints=""
  printf '%-5s %-24s %8s %-24s %s\n' name 'client URL' pid data role
  for ((number = 1; number <= nodes; ++number)); do
    role=follower
    if leads "${number}"; then role=leader; fi
    endpoints+="${endpoints:+,}127.0.0.1:$(client_port_of "${number}")"
    printf '%-5s %-24s %8s %-24s %s\n' "n${number}" "http://127.0.0.1:$(client_port_of "${number}")" \
      "$(pid_of_member "${number}")" "$(member_directory "${number}")/data" "${role}"
  done
  cat <<NEXT

Now:
  export KEELCTL_ENDPOINTS=${endpoints}
  build/bin/keelctl status
  build/bin/keelctl put greeting hello
  build/bin/keelctl get greeting
Or with etcd's own client (apt-get install etcd-client):
  export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${endpoints}
  etcdctl put greeting hello
  etcdctl get greeting
  etcdctl member list
Or without it:
  curl http://127.0.0.1:$(client_port_of 1)/health
Logs are ${CLUSTER_DIRECTORY}/n*/log. To stop: ./run down; to stop and forget: ./run down --wipe
NEXT
}

command_down() {
  local wipe=0 number pid found=0
  while (($#)); do
    case "$1" in
      --wipe) wipe=1; shift ;;
      *) die_usage "down: unknown option '$1'" ;;
    esac
  done
  for number in 1 2 3 4 5; do
    pid="$(pid_of_member "${number}")"
    [[ -n "${pid}" ]] || continue
    found=1
    kill -TERM "${pid}" 2>/dev/null || true
  done
  for number in 1 2 3 4 5; do stop_member "${number}"; done
  ((found)) || say "Nothing of ./run up is running."
  if ((wipe)); then
    rm -rf "${CLUSTER_DIRECTORY}"
    say "Removed ${CLUSTER_DIRECTORY}."
  fi
}

# Waits for the end of member $1, which was asked to stop; in the end it is not asked any more.
stop_member() {
  local number="$1" pid deadline=$((SECONDS + DOWN_PATIENCE_SECONDS))
  pid="$(pid_of_member "${number}")"
  while [[ -n "${pid}" ]] && ((SECONDS < deadline)); do
    sleep 0.1
    pid="$(pid_of_member "${number}")"
  done
  if [[ -n "${pid}" ]]; then
    say "n${number} did not stop in ${DOWN_PATIENCE_SECONDS} s: it is killed" >&2
    kill -KILL "${pid}" 2>/dev/null || true
  fi
  if [[ -f "$(member_directory "${number}")/pid" ]]; then
    rm -f "$(member_directory "${number}")/pid"
    say "n${number} is down."
  fi
}
