"""The cost grows with new bytes: not with files × packages × advisories."""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import bigapp
import gate
import records
import shapes
from measuring import Goal, Measured, Table, measure

STEPS = (1, 10, 100, 1000)
PACKAGES = 50  # of the smallest image
ADVISORIES = 10  # of every package, where findings are counted
DEARER = 1.5  # what a further package or finding may cost, against one of the step before
NOISE = 0.05  # seconds; a smaller difference tells nothing


def _dpkg(archive: tarfile.TarFile, count: int) -> None:
    entries = "".join(shapes.stanza(f"bench-{number}", f"1.{number}-1") for number in range(count))
    shapes.add(archive, "var/lib/dpkg/status", entries)


def _npm(archive: tarfile.TarFile, count: int) -> None:
    for number in range(count):
        name = f"bench-{number}"
        package = json.dumps({"name": name, "version": f"1.{number}.0", "description": "made up " * 80})
        shapes.add(archive, f"app/node_modules/{name}/package.json", package)


def image(folder: Path, name: str, count: int, fill: Callable[[tarfile.TarFile, int], None]) -> Path:
    """Make an image of one layer with so many packages."""
    layer, path = folder / "layer.tar", folder / f"{name}-{count}.tar"
    with tarfile.open(layer, "w") as archive:
        shapes.add(archive, "etc/os-release", shapes.OS_RELEASE)
        fill(archive, count)
    bigapp.docker_archive(path, [layer])
    layer.unlink()
    return path


def run(table: Table, advisories: Path, store: Path, runs: int, *, quick: bool) -> None:
    """Print how time and memory grow."""
    folder = bigapp.CACHE / "scaling"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        steps = STEPS[:-1] if quick else STEPS
        for name, fill in (("dpkg packages", _dpkg), ("npm packages", _npm)):
            table.head(f"scaling: {name}, few findings")
            made = {PACKAGES * step: image(folder, name.split()[0], PACKAGES * step, fill) for step in steps}
            _grow(
                table, name, {count: measure(gate.check(path, store), runs, codes=gate.DECIDED) for count, path in made.items()}
            )
        _findings(table, folder, steps, runs)
        if not quick:
            _advisories(table, folder, advisories, store, runs)
    finally:
        shutil.rmtree(folder)


def _grow(table: Table, name: str, got: dict[int, Measured]) -> None:
    previous: tuple[int, Measured] | None = None
    each = 0.0
    for count, measured in got.items():
        text, factor = f"{measured.seconds:8.3f} s {measured.memory / 1e6:5.0f} MB", None
        if previous:
            difference = measured.seconds - previous[1].seconds
            before, each = each, difference / (count - previous[0])
            text += f"  {each * 1e6:8.1f} µs for each further one"
            if each > 0 and before * previous[0] > NOISE:
                factor = each / before
        table.grow(f"{count:,} {name}", text, factor, DEARER)
        previous = (count, measured)


def _findings(table: Table, folder: Path, steps: tuple[int, ...], runs: int) -> None:
    table.head("scaling: findings, through policy and all reports")
    store = folder / "findings.db"
    records.many(folder / "advisories", (f"bench-{number}" for number in range(steps[-1])), ADVISORIES)
    measure(gate.build(folder / "advisories", store), 1, warm=False)
    checks, evaluations = {}, {}
    for step in steps:
        path = image(folder, "findings", step, _dpkg)
        result = folder / f"result-{step}.json"
        checks[step * ADVISORIES] = measure(gate.check(path, store, result), runs, codes=gate.DECIDED)
        found = len(json.loads(result.read_bytes())["findings"])
        if found != step * ADVISORIES:
            table.note(f"{found} findings instead of {step * ADVISORIES}: the lines below measure something else")
        evaluations[found] = measure(gate.evaluate(result), runs, codes=gate.DECIDED)
    _grow(table, "findings, check", checks)
    _grow(table, "findings, evaluate", evaluations)
    if 10_000 in evaluations:
        table.line("10,000 findings, policy and all reports", evaluations[10_000], goal=Goal(1.0, "1 s"))


def _advisories(table: Table, folder: Path, advisories: Path, store: Path, runs: int) -> None:
    table.head("scaling: advisories, the same image")
    path = image(folder, "dpkg", PACKAGES * 10, _dpkg)
    times = 4
    records.multiply(advisories, folder / "multiplied", times)
    other = folder / "multiplied.db"
    got = {}
    for name, source, target in (("×1", advisories, store), (f"×{times}", folder / "multiplied", other)):
        number = records.count(source)
        built = measure(gate.build(source, target), 1, warm=False)
        checked = measure(gate.check(path, target), runs, codes=gate.DECIDED)
        got[name] = (built.seconds / number, checked.seconds)
        size = target.stat().st_size / 1e6
        table.line(f"db build, advisories {name}: {number:,} records", built)
        table.note(f"  store of {size:.0f} MB, {built.seconds / number * 1e6:.0f} µs a record")
        table.line(f"check with advisories {name}", checked)
    (first, check), (last, again) = got.values()
    table.grow(f"a record of {times} times as many", "", last / first, 1.2)
    table.grow(f"a check with {times} times as many", "", again / check, 1.1)
