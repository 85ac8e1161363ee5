"""A registry and an engine of their own, on loopback and on a socket, for as long as they are measured."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from bigapp import CACHE, blob


class Unavailable(Exception):
    """The server is not here or does not start; the text says why."""


@contextmanager
def _serving(command: list[str], folder: Path, answers: Callable[[], bool]) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 30
        while not answers():
            if process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"{command[0]} does not start: {(folder / 'log').read_text(errors='replace')[-300:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _connects(family: socket.AddressFamily, address: tuple[str, int] | str) -> bool:
    with socket.socket(family) as link:
        link.settimeout(1)
        return link.connect_ex(address) == 0


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = CACHE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def registry(layout: Path) -> Iterator[str]:
    """Serve the images of a layout with docker-registry; yields the repository. Raises Unavailable."""
    if not shutil.which("docker-registry"):
        raise Unavailable("no docker-registry")
    with _folder("registry") as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = folder / "config.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f"http: {{addr: '127.0.0.1:{port}'}}\n"
        )
        command = ["docker-registry", "serve", str(config)]
        with _serving(command, folder, lambda: _connects(socket.AF_INET, ("127.0.0.1", port))):
            _push(layout, f"http://127.0.0.1:{port}/v2/bigapp")
            yield f"127.0.0.1:{port}/bigapp"


def _push(layout: Path, base: str) -> None:
    """Put a layout into a registry (OCI distribution specification, Push)."""
    for described in json.loads((layout / "index.json").read_bytes())["manifests"]:
        manifest = blob(layout, described).read_bytes()
        document = json.loads(manifest)
        for part in (document["config"], *document["layers"]):
            start = requests.post(f"{base}/blobs/uploads/", timeout=60)
            start.raise_for_status()
            with blob(layout, part).open("rb") as file:
                to = requests.compat.urljoin(base, start.headers["Location"])
                requests.put(to, params={"digest": part["digest"]}, data=file, timeout=600).raise_for_status()
        tag = described["annotations"]["org.opencontainers.image.ref.name"]
        kind = {"Content-Type": described["mediaType"]}
        requests.put(f"{base}/manifests/{tag}", data=manifest, headers=kind, timeout=60).raise_for_status()


@contextmanager
def engine(archive: Path) -> Iterator[str]:
    """Serve a `docker save` archive with Podman and a storage of its own; yields the socket. Raises Unavailable."""
    if not shutil.which("podman") or os.geteuid() != 0:
        raise Unavailable("no podman, or not root")
    with _folder("podman") as folder:
        podman = ["podman", f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs"]
        podman += ["--events-backend=file", "--cgroup-manager=cgroupfs"]
        loaded = subprocess.run([*podman, "load", "--input", str(archive)], capture_output=True, text=True, check=False)
        if loaded.returncode:
            raise Unavailable(f"podman load: {loaded.stderr[-300:]}")
        path = str(folder / "podman.sock")
        command = [*podman, "system", "service", "--time=0", f"unix://{path}"]
        with _serving(command, folder, lambda: _connects(socket.AF_UNIX, path)):
            yield f"unix://{path}"
