"""Measures imagegate as a whole process against yardsticks of the same machine in the same run.

    python benchmarks/run.py [--advisories FOLDER] [--runs N]

The image is a Debian minbase root made by mmdebstrap where that is installed, else one of the same shape made here.
Without a folder of advisories in the layout of the OSV bucket, as many records are made up as Debian has.
"""

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".images"
FILES, SIZE = 8700, 170 << 20  # what a minbase root of Debian 12 has
PACKAGES, RECORDS = 100, 9000


@dataclass(frozen=True)
class Measured:
    """Seconds (median) and peak memory in bytes of a command over several runs."""

    seconds: float
    memory: int


def measure(command: Sequence[str], runs: int) -> Measured:
    """Run a command once to warm up, then `runs` times."""
    results = [_once(command) for _ in range(runs + 1)][1:]
    return Measured(statistics.median(seconds for seconds, _ in results), max(memory for _, memory in results))


def _once(command: Sequence[str]) -> tuple[float, int]:
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - begin, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def best(work: Callable[[], object], runs: int) -> float:
    """Return the median seconds of a function."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def root() -> Path:
    """Return the tar of a root file system, made once."""
    path = CACHE / "root.tar"
    if path.exists():
        return path
    CACHE.mkdir(exist_ok=True)
    if shutil.which("mmdebstrap") and os.geteuid() == 0:
        print("making a Debian root with mmdebstrap …", file=sys.stderr)
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", "bookworm", str(path)]
        made = subprocess.run(command, capture_output=True, check=False)
        if made.returncode == 0:
            return path
        path.unlink(missing_ok=True)
    print("making a root of the same shape …", file=sys.stderr)
    noise = random.Random(1)
    status = "".join(
        f"Package: package{number}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.{number}-1\n\n"
        for number in range(PACKAGES)
    )
    with tarfile.open(path, "w") as archive:
        _add(archive, "etc/os-release", b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
        _add(archive, "var/lib/dpkg/status", status.encode())
        for number in range(FILES):
            _add(archive, f"usr/share/folder{number % 300}/file{number}", noise.randbytes(SIZE // FILES))
    return path


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def docker_archive() -> Path:
    """Return the root as a `docker save` archive of one layer."""
    path = CACHE / "image.tar"
    if path.exists():
        return path
    layer = root()
    digest = _sha256(layer)
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    ).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    with tarfile.open(path, "w") as archive:
        archive.add(layer, f"{digest}/layer.tar")
        _add(archive, name, config)
        manifest = [{"Config": name, "RepoTags": ["bench:1"], "Layers": [f"{digest}/layer.tar"]}]
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def advisories() -> Path:
    """Return a folder of made-up records in the layout of the OSV bucket."""
    folder = CACHE / "advisories"
    archive = folder / "Debian" / "all.zip"
    if not archive.exists():
        archive.parent.mkdir(parents=True)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for number in range(RECORDS):
                out.writestr(f"DSA-{number}-1.json", json.dumps(_record(number)))
    return folder


def _record(number: int) -> dict[str, object]:
    package = {"ecosystem": "Debian:12", "name": f"package{number % (PACKAGES * 10)}"}
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"1.{number % 7}-2"}]}]
    return {
        "id": f"DSA-{number}-1",
        "modified": "2026-01-01T00:00:00Z",
        "upstream": [f"CVE-2026-{number}"],
        "summary": "made up",
        "affected": [{"package": package, "ranges": ranges}],
    }


def line(name: str, seconds: float, yardstick: str, other: float, memory: int = 0) -> None:
    """Print one measurement as a ratio."""
    peak = f"{memory / 1e6:6.0f} MB" if memory else " " * 9
    print(f"{name:<44} {seconds:7.3f} s {peak}   {seconds / other:5.2f} × {yardstick} ({other:.3f} s)")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advisories", type=Path, help="a folder in the layout of the OSV bucket")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    image, folder, store = docker_archive(), options.advisories or advisories(), CACHE / "store.db"
    gate = [sys.executable, "-m", "imagegate"]

    typer = measure([sys.executable, "-c", "import typer"], options.runs)
    version = measure([*gate, "--version"], options.runs)
    line("imagegate --version", version.seconds, "import typer", typer.seconds, version.memory)

    build = measure([*gate, "db", "build", str(folder), "--db", str(store), "-q"], 1)
    unpack = best(lambda: _unpack(folder), 1)
    line(f"db build, store of {store.stat().st_size / 1e6:.0f} MB", build.seconds, "unzip and parse JSON", unpack, build.memory)

    hashing = best(lambda: _sha256(image), options.runs)
    reports = [f"-r={name}={CACHE / name}" for name in ("json", "junit", "sarif")]
    check = measure([*gate, "check", f"docker-archive:{image}", "--db", str(store), "--offline", "-q", *reports], options.runs)
    size = image.stat().st_size / 1e6
    line(f"check, docker archive of {size:.0f} MB", check.seconds, "SHA-256 of the file", hashing, check.memory)


def _unpack(folder: Path) -> None:
    for archive in folder.glob("*/all.zip"):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                json.loads(opened.read(name))


if __name__ == "__main__":
    main()
