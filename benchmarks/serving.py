"""How fast a layer is lent to a Clair, against a plain file server in the same run.

    python benchmarks/serving.py [--runs N] [--quick]

One file is fetched over loopback by a client in a process of its own, which throws the bytes away.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bigapp import CACHE
from measuring import Goal, Measured, Table, alone

from imagegate.backend.clair.serve import LayerServer
from imagegate.source.stream import OpenFile, Region

_MB = 1_000_000
_DIGEST = "sha256:" + "0" * 64  # nobody looks at the bytes here
_FETCH = """
import http.client, sys, time, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
buffer, total = bytearray(256 << 10), 0
begin = time.perf_counter()
link = http.client.HTTPConnection(url.netloc)
link.request("GET", url.path)
answer = link.getresponse()
while size := answer.readinto(buffer):
    total += size
print(time.perf_counter() - begin, answer.status, total)
"""


def run(table: Table, runs: int, *, quick: bool) -> None:
    """Add the lines to the table."""
    size = (50 if quick else 500) * _MB
    table.head(f"a layer of {size / _MB:.0f} MB fetched over loopback")
    lent, plain = measure(size, runs)
    table.line("python -m http.server", Measured(plain))
    table.line("lent to a Clair", Measured(lent), ("http.server", plain), Goal(plain * 2, "half its speed"))
    table.note(f"{size / lent / _MB:,.0f} MB/s lent, {size / plain / _MB:,.0f} MB/s by the file server")


def measure(size: int, runs: int) -> tuple[float, float]:
    """Return the median seconds in which that many bytes are lent, and in which http.server gives them."""
    folder = CACHE / "serving"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        path = folder / "layer"
        with path.open("wb") as file:
            for _ in range(size // _MB):
                file.write(os.urandom(_MB))
        region = Region(OpenFile(os.open(path, os.O_RDONLY)), 0, size)
        times: dict[str, list[float]] = {"lent": [], "plain": []}
        with _plain(folder) as plain, LayerServer([(_DIGEST, region)], plain, lambda _: None) as server:
            for _ in range(runs + 1):  # the first brings the file into memory; in turn, so that both see the same machine
                times["lent"].append(_fetch(server.of(0)[0], size))
                times["plain"].append(_fetch(plain + "/layer", size))
        return statistics.median(times["lent"][1:]), statistics.median(times["plain"][1:])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _plain(folder: Path) -> Iterator[str]:
    """Serve a folder with http.server in a process of its own; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), str(port)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 30
            while not _listens(port) and time.monotonic() < end:
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as link:
        link.settimeout(1)
        return link.connect_ex(("127.0.0.1", port)) == 0


def _fetch(url: str, size: int) -> float:
    """Return the seconds that a client in another process needs; ends the benchmark for any other answer."""
    done = subprocess.run([sys.executable, "-I", "-c", _FETCH, url], capture_output=True, text=True, check=True)
    seconds, status, total = done.stdout.split()
    if (status, total) != ("200", str(size)):
        sys.exit(f"the answer was {status} with {total} bytes")
    return float(seconds)


if __name__ == "__main__":
    alone(__doc__, run)
