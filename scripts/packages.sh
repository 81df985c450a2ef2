# The Debian packages that each kind of work needs, and how they come onto the machine. The reason for
# each is in docs/dependencies.md. Sourced by ./run.

readonly PACKAGES_BUILD="g++ cmake ninja-build ccache python3
  libxxhash-dev libleveldb-dev libcrypt-dev libssl-dev libnghttp2-dev libboost1.81-dev zlib1g-dev libzstd-dev
  libjemalloc-dev libprotobuf-dev protobuf-compiler libgoogle-glog-dev libgflags-dev prometheus-cpp-dev
  libgtest-dev libgmock-dev libbenchmark-dev python3-grpcio nghttp2-client pkg-config libedit-dev"
# Debian's clients of etcd, for the conformance tests, and what makes the SDK's reference; nodejs and npm may also come
# from elsewhere.
readonly PACKAGES_CONFORMANCE="etcd-client python3-etcd3 golang-go golang-etcd-server-dev doxygen"
# Where the newest Python clients are installed: an environment of its own.
readonly PACKAGES_CURRENT="python3-venv"
# Where promtool is put: its package, prometheus, would start a server of its own if it were installed.
readonly TOOLS_DIRECTORY="build/tools"
# A browser, which looks at the pages of a chaos run, and what its networks of namespaces are made with.
readonly PACKAGES_CHAOS="chromium iproute2 nftables"
readonly PACKAGES_PEERS="etcd-server"
readonly PACKAGES_CLANG="clang lld libclang-rt-dev"
readonly PACKAGES_FORMAT="clang-format"
readonly PACKAGES_LINT="clang-tidy"

MAY_INSTALL=1
REMAINING=()

# Takes --no-install out of a command line, wherever it stands; the rest is left in REMAINING.
take_install_option() {
  local argument
  for argument in "$@"; do
    if [[ "${argument}" == --no-install ]]; then
      MAY_INSTALL=0
    else
      REMAINING+=("${argument}")
    fi
  done
}

packages_of() {
  case "$1" in
    build) say "${PACKAGES_BUILD}" ;;
    conformance)
      say "${PACKAGES_CONFORMANCE}"
      command -v npm >/dev/null || say "nodejs npm"
      ;;
    current) say "${PACKAGES_CURRENT}" ;;
    chaos) say "${PACKAGES_CHAOS}" ;;
    peers) say "${PACKAGES_PEERS}" ;;
    clang) say "${PACKAGES_CLANG}" ;;
    format) say "${PACKAGES_FORMAT}" ;;
    lint) say "${PACKAGES_LINT}" ;;
    *) die "no such set of packages: $1" ;;
  esac
}

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# ensure_packages SET...: installs what is missing of the sets, or says how to.
ensure_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "run: not a Debian system, so nothing is installed; docs/dependencies.md lists what is needed" >&2
    return
  fi
  local set package
  local -a missing=()
  for set in "$@"; do
    for package in $(packages_of "${set}"); do
      is_installed "${package}" || missing+=("${package}")
    done
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  if [[ " $* " == *" conformance "* ]]; then unpack_promtool; fi
}

# Out of Debian's package and into build/tools, where the tests look for it.
unpack_promtool() {
  if command -v promtool >/dev/null || [[ -x "${TOOLS_DIRECTORY}/usr/bin/promtool" ]]; then return; fi
  if ((!MAY_INSTALL)); then
    say "run: missing: promtool, of the package prometheus" >&2
    exit 1
  fi
  local -a as_root=()
  ((EUID == 0)) || as_root=(sudo)
  apt-cache show prometheus >/dev/null 2>&1 || "${as_root[@]}" apt-get update </dev/null >&2
  say "+ apt-get download prometheus, and promtool out of it into ${TOOLS_DIRECTORY}" >&2
  mkdir -p "${TOOLS_DIRECTORY}"
  (
    cd "${TOOLS_DIRECTORY}"
    rm -f prometheus_*.deb
    apt-get download prometheus </dev/null >&2
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar --extract ./usr/bin/promtool
    rm -f prometheus_*.deb
  )
}

install_packages() {
  local -a as_root=()
  ((EUID == 0)) || as_root=(sudo)
  local -a update=("${as_root[@]}" apt-get update)
  local -a install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get install --yes --no-install-recommends "$@")
  if ((!MAY_INSTALL)); then
    say "run: missing packages: $*" >&2
    say "run: they come with: ${as_root[*]:+sudo }apt-get install --no-install-recommends $*" >&2
    exit 1
  fi
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "missing packages, and no sudo to install them with; as root: apt-get install $*"
  fi
  say "+ ${update[*]}" >&2
  "${update[@]}" </dev/null >&2
  say "+ ${install[*]}" >&2
  "${install[@]}" </dev/null >&2
}
