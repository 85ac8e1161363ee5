"""Real engines and tools, started for the session with folders and sockets of their own."""

import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ci.tools import environment, missing, passes, require
from tests.images import DEBIAN_11, dpkg

FIRST = dpkg(("base-files", "11.1+deb11u5"), ("libc6", "2.31-13+deb11u4", "glibc"), ("libssl1.1", "1.1.1n-0+deb11u2", "openssl"))
SECOND = (
    dpkg(
        ("base-files", "11.1+deb11u5"),
        ("libc6", "2.31-13+deb11u5", "glibc"),
        ("zlib1g", "1:1.2.11.dfsg-2+deb11u2", "zlib (1:1.2)"),
    )
    + "\n"
    + dpkg(("exim4", "4.94.2-7"), status="deinstall ok config-files")
)
LAYER_OF = {"base-files": 0, "libc6": 1, "zlib1g": 1}


@dataclass(frozen=True)
class Root:
    """A folder that becomes an image: `lower` is the first layer, `upper` what the second one changes."""

    lower: Path
    upper: Path


def _fill(folder: Path, status: str) -> None:
    (folder / "var/lib/dpkg/info").mkdir(parents=True)
    (folder / "var/lib/dpkg/status").write_text(status)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    folder = tmp_path_factory.mktemp("root")
    lower, upper = folder / "lower", folder / "upper"
    _fill(lower, FIRST)
    _fill(upper, SECOND)
    (lower / "usr/lib").mkdir(parents=True)
    (lower / "etc").mkdir()
    (lower / "usr/lib/os-release").write_text(DEBIAN_11)
    (lower / "etc/os-release").symlink_to("../usr/lib/os-release")
    (lower / "etc/motd").write_text("hello\n")
    return Root(lower, upper)


@pytest.fixture(scope="session")
def root_tar(root: Root) -> Path:
    path = root.lower.parent / "lower.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(root.lower, ".")
    return path


def installed(folder: Path) -> list[str]:
    """Return what dpkg itself finds installed below a root, as `name version`."""
    query = require("dpkg-query")
    said = passes(query, f"--admindir={folder}/var/lib/dpkg", "-W", "-f=${db:Status-Status} ${Package} ${Version}\n")
    return sorted(line.partition(" ")[2] for line in said.splitlines() if line.startswith("installed "))


class Daemon:
    """A server that a test session started, and ends by its own process."""

    def __init__(self, command: list[str], socket: Path, log: Path, env: dict[str, str]) -> None:
        self.socket = socket
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)
        end = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                missing(f"{command[0]} does not start here: {log.read_text(errors='replace')[-800:]}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        import http.client
        import socket

        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(5)
                link.connect(str(self.socket))
                link.sendall(b"GET /_ping HTTP/1.0\r\nHost: d\r\n\r\n")
                answer = http.client.HTTPResponse(link)
                answer.begin()
                status = answer.status
                answer.close()
                return status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)


@dataclass(frozen=True)
class Docker:
    """A Docker engine; `run` is its command line."""

    program: str
    address: str

    def run(self, *arguments: str | Path) -> str:
        return passes(self.program, "--host", self.address, *arguments).strip()


@dataclass(frozen=True)
class Containers:
    """Podman or Buildah with a storage of its own."""

    command: tuple[str, ...]
    address: str = ""

    def run(self, *arguments: str | Path) -> str:
        return passes(*self.command, *arguments).strip()


def _needs_root(what: str) -> None:
    if os.geteuid() != 0:
        missing(f"{what} with a storage of its own needs root")


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    server, client = require("dockerd"), require("docker")
    _needs_root("dockerd")
    folder = tmp_path_factory.mktemp("docker")
    socket = folder / "d.sock"
    command = [server, "--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none"]
    command += [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host=unix://{socket}"]
    daemon = Daemon(command, socket, folder / "log", environment())
    yield Docker(client, f"unix://{socket}")
    daemon.stop()


def _containers(program: str, folder: Path) -> tuple[str, ...]:
    return (program, f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs")


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    program = require("podman")
    _needs_root("podman")
    folder = tmp_path_factory.mktemp("podman")
    socket = folder / "p.sock"
    command = (*_containers(program, folder), "--events-backend=file", "--cgroup-manager=cgroupfs")
    daemon = Daemon([*command, "system", "service", "--time=0", f"unix://{socket}"], socket, folder / "log", environment())
    yield Containers(command, f"unix://{socket}")
    daemon.stop()


@pytest.fixture(scope="session")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Containers:
    program = require("buildah")
    _needs_root("buildah")
    return Containers(_containers(program, tmp_path_factory.mktemp("buildah")))


@pytest.fixture(scope="session")
def docker_image(docker: Docker, root: Root, root_tar: Path) -> str:
    """Return the name of an image of two layers that the engine has."""
    docker.run("import", "--platform=linux/amd64", root_tar, "imagegate-test:base")
    container = docker.run("create", "imagegate-test:base", "/bin/true")
    docker.run("cp", f"{root.upper}/.", f"{container}:/")
    docker.run("commit", "--message=upgrade", container, "imagegate-test:app")
    docker.run("rm", container)
    return "imagegate-test:app"


@pytest.fixture(scope="session")
def saved(docker: Docker, docker_image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `docker save` writes."""
    path = tmp_path_factory.mktemp("saved") / "image.tar"
    docker.run("save", "--output", path, docker_image)
    return path


@pytest.fixture(scope="session")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a minimal Debian as a tar file, from Debian's own mirror."""
    from tests.ci.tools import run

    program = require("mmdebstrap")
    _needs_root("mmdebstrap")
    path = tmp_path_factory.mktemp("debian") / "root.tar"
    done = run(program, "--mode=root", "--variant=minbase", "bookworm", path, env=environment(), timeout=600)
    if done.returncode:
        missing(f"mmdebstrap: {done.stderr[-500:]}")
    return path
