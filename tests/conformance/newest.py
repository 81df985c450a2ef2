"""The newest releases of other people's clients, each fetched by its own language's tool.

The tools are used as they are configured (`go env GOPROXY`, `pip config`, `npm config`): no registry is named here. What
is fetched lands below the build directory, is asked for anew at every run, and is checked by the tools: Go's
modules, its toolchain among them, against the checksum database. What cannot be had is a NotFetched, which
says how to get it; nothing is ever judged by an older release instead.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FETCH_SECONDS = 300
BUILD_SECONDS = 600

GO_SOURCES = ("main.go", "cases.go", "watches.go")
# Debian's release has import paths from before Go's modules.
RENAMED = (
    ("go.etcd.io/etcd/clientv3/concurrency", "go.etcd.io/etcd/client/v3/concurrency"),
    ("go.etcd.io/etcd/clientv3", "go.etcd.io/etcd/client/v3"),
    ("go.etcd.io/etcd/etcdserver/api/v3rpc/rpctypes", "go.etcd.io/etcd/api/v3/v3rpc/rpctypes"),
)
GO_CLIENT = "go.etcd.io/etcd/client/v3"
ETCDCTL = "go.etcd.io/etcd/etcdctl/v3"
# Whose outputs keelctl has, byte for byte, in every format that it has.
ETCDCTL_MODEL = "v3.5.9"
GRPCURL = "github.com/fullstorydev/grpcurl"
GRPC = "google.golang.org/grpc"
TOOLCHAIN = "golang.org/toolchain"
PYTHON_PACKAGES = ("etcd3", "etcd-sdk-python", "aetcd", "grpcio", "protobuf")
NODE_PACKAGES = ("etcd3", "@grpc/grpc-js")

HOW_TO_GET = {
    "go": "Go's modules come through the proxy that `go env GOPROXY` names, and are checked with `go env GOSUMDB`; "
          "name one that this machine reaches with `go env -w GOPROXY=URL`.",
    "pip": "Python's packages come from the index of `pip config list`; name one that this machine reaches with "
           "`pip config set global.index-url URL`.",
    "npm": "Node's packages come from the registry that `npm config get registry` names; name one that this "
           "machine reaches with `npm config set registry URL`.",
}


class NotFetched(Exception):
    """A registry did not give what was asked for; the text says what was asked, what came, and what to do."""


def fetch(tool, command, folder, environment=None):
    """Runs a command that needs the registry of `tool`; gives what it prints."""
    shown = " ".join(str(word) for word in command)
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            text=True, capture_output=True, timeout=FETCH_SECONDS, check=False,
        )
    except OSError as error:
        raise NotFetched(f"`{shown}`: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise NotFetched(f"`{shown}` took longer than {FETCH_SECONDS} s\n{HOW_TO_GET[tool]}") from error
    if done.returncode != 0:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise NotFetched(f"`{shown}` failed:\n{end}\n{HOW_TO_GET[tool]}")
    return done.stdout


def newest_toolchain(versions, platform):
    """The highest release among `v0.0.1-goX.Y.Z.OS-ARCH`, without betas and candidates."""
    found = []
    for version in versions:
        match = re.fullmatch(rf"v0\.0\.1-go(\d+)\.(\d+)(?:\.(\d+))?\.{re.escape(platform)}", version)
        if match:
            found.append((tuple(int(part or 0) for part in match.groups()), version))
    return max(found)[1] if found else None


class Go:
    """The newest Go, taken through the module proxy by whichever Go the machine has."""

    def __init__(self, tools):
        self.tools = pathlib.Path(tools).resolve()
        self.tools.mkdir(parents=True, exist_ok=True)
        self.environment = dict(
            os.environ, GOTOOLCHAIN="local", GO111MODULE="on", GOFLAGS="-modcacherw -buildvcs=false",
            GOPATH=str(self.tools / "gopath"), GOMODCACHE=str(self.tools / "gopath/pkg/mod"),
            GOCACHE=str(self.tools / "gocache"), GOWORK="off", CGO_ENABLED="0",
        )
        self.program, self.release = self.install()

    def install(self):
        old = shutil.which("go") or "/usr/bin/go"

        def ask(*words):
            return fetch("go", [old, *words], self.tools, self.environment)

        if ask("env", "GOSUMDB").strip() == "off":
            raise NotFetched(f"GOSUMDB is off, and a toolchain is not run unchecked\n{HOW_TO_GET['go']}")
        platform = "-".join(ask("env", "GOOS", "GOARCH").split())
        version = newest_toolchain(ask("list", "-m", "-versions", TOOLCHAIN).split(), platform)
        if version is None:
            raise NotFetched(f"the proxy lists no {TOOLCHAIN} for {platform}\n{HOW_TO_GET['go']}")
        # Checked against the checksum database before it is unpacked, as every module is.
        answer = json.loads(ask("mod", "download", "-json", f"{TOOLCHAIN}@{version}"))
        root = pathlib.Path(answer["Dir"])
        make_runnable(root)
        return str(root / "bin/go"), version.removeprefix("v0.0.1-").removesuffix(f".{platform}")

    def fetch(self, folder, *words):
        return fetch("go", [self.program, *words], folder, self.environment)

    def build(self, folder, program, package):
        subprocess.run(
            [self.program, "build", "-mod=mod", "-o", program, package],
            cwd=folder, env=self.environment, timeout=BUILD_SECONDS, check=True,
        )

    def releases(self, program, *modules):
        """What `program` was built from, as the linker wrote it down."""
        listing = subprocess.run(
            [self.program, "version", "-m", program], env=self.environment, text=True, capture_output=True, check=True
        ).stdout
        found = dict(re.findall(r"^\t(?:mod|dep)\t(\S+)\t(\S+)", listing, re.MULTILINE))
        return ", ".join(f"{module} {found[module]}" for module in modules) + f", {self.release}"


def make_runnable(root):
    """A module has neither modes nor go.mod files inside; a toolchain needs both."""
    for folder in ("bin", "pkg/tool"):
        for path in (root / folder).rglob("*"):
            if path.is_file():
                path.chmod(path.stat().st_mode | 0o111)
    kept = root / "src/_go.mod"
    if kept.exists():
        shutil.copy(kept, root / "src/go.mod")


def module_of_its_own(go, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    go.fetch(folder, "mod", "init", "conformance")


def go_client(go, build_dir):
    """Builds the Go suite with the newest client; gives the program and what it is made of."""
    folder = build_dir / "go"
    module_of_its_own(go, folder)
    for name in GO_SOURCES:
        text = (HERE / "go" / name).read_text()
        for old, new in RENAMED:
            text = text.replace(f'"{old}"', f'"{new}"')
        (folder / name).write_text(text)
    go.fetch(folder, "get", f"{GO_CLIENT}@latest")
    go.fetch(folder, "get", ".")
    go.build(folder, "suite", ".")
    program = folder / "suite"
    return program, go.releases(program, GO_CLIENT, GRPC)


def etcdctl(go, build_dir, release="latest"):
    folder = build_dir / f"etcdctl-{release}"
    module_of_its_own(go, folder)
    go.fetch(folder, "get", f"{ETCDCTL}@{release}")
    go.build(folder, "etcdctl", ETCDCTL)
    program = folder / "etcdctl"
    return program, go.releases(program, ETCDCTL)


def grpcurl(go, build_dir):
    folder = build_dir / "grpcurl"
    module_of_its_own(go, folder)
    go.fetch(folder, "get", f"{GRPCURL}/cmd/grpcurl@latest")
    go.build(folder, "grpcurl", f"{GRPCURL}/cmd/grpcurl")
    program = folder / "grpcurl"
    return program, go.releases(program, GRPCURL, GRPC)


def python_clients(build_dir):
    """A virtual environment with the newest Python clients; gives its interpreter and what it holds."""
    folder = build_dir / "python"
    # Anew: pip is content with what it finds installed when no index answers.
    fetch("pip", ["/usr/bin/python3", "-m", "venv", "--clear", folder], build_dir)
    program = folder / "bin/python"
    fetch("pip", [program, "-m", "pip", "--retries=1", "--timeout=20", "install", *PYTHON_PACKAGES], build_dir)
    listing = fetch("pip", [program, "-m", "pip", "list", "--format=json"], build_dir)
    return program, {each["name"]: each["version"] for each in json.loads(listing)}


def node_client(build_dir):
    """A folder with the newest Node client on the newest grpc-js, and what it holds."""
    folder = build_dir / "node"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manifest = json.loads((HERE / "node/package.json").read_text())
    manifest["dependencies"] = {name: "latest" for name in NODE_PACKAGES}
    manifest["overrides"] = {"@grpc/grpc-js": "$@grpc/grpc-js"}
    (folder / "package.json").write_text(json.dumps(manifest))
    fetch("npm", [
        "npm", "install", "--prefer-online", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts",
        "--fetch-retries=1", "--fetch-retry-mintimeout=200", "--fetch-retry-maxtimeout=5000", "--fetch-timeout=60000",
    ], folder)
    found = {}
    for name in NODE_PACKAGES:
        found[name] = json.loads((folder / "node_modules" / name / "package.json").read_text())["version"]
    runtime = subprocess.run(["node", "--version"], text=True, capture_output=True, check=True).stdout.strip()
    return folder, ", ".join(f"{name} {version}" for name, version in found.items()) + f", node {runtime}"
