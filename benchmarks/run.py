"""Measures imagegate as a whole process against yardsticks of the same machine in the same run.

    python benchmarks/run.py [--advisories FOLDER] [--runs N] [--quick]

The image is made once, by mmdebstrap, npm, gem, pip, Maven and go where they are there, and in code in the same shape where
not; it takes root, 6 GB below benchmarks/.images, and some minutes. --quick takes a tenth of it, made in code, and judges by
no goal. Missed goals are marked; slowness is no error.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import asking
import bigapp
import gate
import others
import records
import scaling
import servers
import serving
from measuring import Goal, Measured, Table, measure
from yardsticks import Yardsticks, take

MB = 1_000_000
MEMORY = 150 * MB
KNOWN = Goal(0.25, "layers known")
# Opening alone, without the start of Python and the imports.
OPENING = """
import time
from imagegate.advisory.store import Store
begin = time.perf_counter()
Store({!r})
print(time.perf_counter() - begin)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advisories", type=Path, help="a folder in the layout of the OSV bucket; else records are made up")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a small image, no goals")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs: at least 1")
    image = bigapp.image(small=options.quick)
    runs, table = options.runs, Table(judge=not options.quick)
    advisories = options.advisories or _made_up(image)
    table.head(f"image: {image.made}")
    yard = take(image, table, runs)
    store = _start(table, advisories, yard, runs)
    archive = _archive(table, image, store, yard, runs)
    layout = _layout(table, image, store, yard, runs)
    _registry(table, image, store, yard, layout, runs)
    _engine(table, image, store, runs)
    serving.run(table, runs, quick=options.quick)
    asking.run(table, runs, quick=options.quick)
    scaling.run(table, advisories, store, runs, quick=options.quick)
    others.run(table, image.archive, advisories, archive, runs)
    if table.judge:
        print(f"\n{table.missed} of {table.goals} goals missed")


def _made_up(image: bigapp.Image) -> Path:
    folder = bigapp.CACHE / "advisories"
    shutil.rmtree(folder, ignore_errors=True)
    records.made_up(folder, image.base)
    return folder


def _start(table: Table, advisories: Path, yard: Yardsticks, runs: int) -> Path:
    table.head("start and store")
    version = measure([*gate.GATE, "--version"], runs)
    table.line("imagegate --version", version, ("import typer", yard.typer))
    store = bigapp.CACHE / "store.db"
    built = measure(gate.build(advisories, store), 1, warm=False)
    table.line(f"db build, {records.count(advisories):,} records", built, goal=Goal(15, "15 s"))
    table.size("store", store.stat().st_size, 60 * MB)
    opening = _inside(OPENING.format(str(store)), runs)
    table.line("opening the store", Measured(opening), goal=Goal(0.010, "10 ms"))
    return store


def _inside(program: str, runs: int) -> float:
    """Return the least of the seconds that a Python program prints."""
    said = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(runs)
    ]
    return min(float(seconds) for seconds in said)


def _checked(image: str | Path, store: Path, runs: int, start: str = "", **env: str) -> Measured:
    """Measure a check with the cache of layers as it was set aside under `start`, or as the run before has left it."""
    before = (lambda: gate.restore(start)) if start else (lambda: None)
    return measure(gate.check(image, store, cache=True), runs, codes=gate.DECIDED, before=before, env=env)


def _archive(table: Table, image: bigapp.Image, store: Path, yard: Yardsticks, runs: int) -> Measured:
    table.head(f"docker archive, {image.archive.stat().st_size / MB:.0f} MB")
    gate.forget()
    gate.keep("nothing")
    hashing = ("SHA-256", yard.archive)
    never = _checked(image.archive, store, runs, "nothing")
    table.line("never seen", never, hashing, Goal(1.3 * yard.archive, "1.3 × SHA-256", MEMORY))
    uncached = measure(gate.check(image.archive, store), runs, codes=gate.DECIDED)
    table.line("never seen, --no-cache", uncached, hashing, Goal(1.3 * yard.archive, "1.3 × SHA-256", MEMORY))
    table.line("the same file again", _checked(image.archive, store, runs), goal=KNOWN)
    result = json.loads((bigapp.CACHE / "result.json").read_bytes())
    table.note(
        f"  {len(result['packages']):,} packages, {len(result['findings']):,} findings, verdict {result['verdict']['status']}"
    )
    gate.keep("known")
    copy = bigapp.CACHE / "copy.tar"
    shutil.copyfile(image.archive, copy)
    fresh = _checked(copy, store, runs, "known")
    table.line("a fresh copy, layers known", fresh, hashing, Goal(yard.archive + 0.25, "SHA-256 + 0.25 s"))
    copy.unlink()
    return never


def _layout(table: Table, image: bigapp.Image, store: Path, yard: Yardsticks, runs: int) -> Measured:
    packed = sum(blob.stat().st_size for blob in image.blobs)
    table.head(f"OCI layout, gzip, {packed / MB:.0f} MB")
    both = ("inflating and hashing", yard.layers)
    reference = f"oci:{image.layout}:1"
    never = _checked(reference, store, runs, "nothing")
    table.line("never seen", never, both, Goal(1.3 * yard.layers, "1.3 × inflating and hashing", MEMORY))
    table.line("the same layout again", _checked(reference, store, runs), goal=KNOWN)
    return never


def _registry(table: Table, image: bigapp.Image, store: Path, yard: Yardsticks, layout: Measured, runs: int) -> None:
    table.head("registry on loopback, the layout's images")
    try:
        with servers.registry(image.layout) as repository:
            reference = f"registry:{repository}:1"
            never = _checked(reference, store, runs, "nothing")
            table.line("never seen", never, ("layout", layout.seconds), Goal(1.2 * layout.seconds, "1.2 × the layout", MEMORY))
            table.line("all layers known", _checked(reference, store, runs), goal=KNOWN)
            gate.forget()
            _checked(f"registry:{repository}:base", store, 1)
            gate.keep("base")
            top = _checked(reference, store, runs, "base")
            alone = _checked(f"registry:{repository}:app", store, runs, "nothing")
            table.line("the top layer alone, never seen", alone, ("inflating and hashing it", yard.app))
            limit = Goal(1.1 * alone.seconds + KNOWN.seconds, "1.1 × that layer alone + 0.25 s")
            table.line("new top layer on a known base", top, ("that layer alone", alone.seconds), limit)
    except servers.Unavailable as why:
        table.note(f"not measured: {why}")


def _engine(table: Table, image: bigapp.Image, store: Path, runs: int) -> None:
    table.head("engine, Podman with a storage of its own")
    try:
        with servers.engine(image.archive) as address:
            gate.restore("known")
            known = _checked("podman:localhost/bigapp:1", store, runs, CONTAINER_HOST=address)
            table.line("all layers known from the archive", known, goal=KNOWN)
    except servers.Unavailable as why:
        table.note(f"not measured: {why}")


if __name__ == "__main__":
    main()
