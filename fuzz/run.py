"""Fuzzes with atheris: `python fuzz/run.py NAME|all [SECONDS [FOLDER]]`; without arguments, lists the targets.

A name is that of a target, or what several begin with.

The folder keeps a corpus for each target, what was found, and what libFuzzer said; the samples are written into the corpus
first. Half of the changes are those of libFuzzer, half those of `mutate`. README.md says what has to be installed.
"""

# ruff: noqa: S311 (no secrets; imports behind those that are instrumented)

import contextlib
import hashlib
import importlib
import os
import sys
from random import Random

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

with atheris.instrument_imports(include=["imagegate"], enable_loader_override=False):
    import imagegate.advisory.share
    import imagegate.backend.stored
    import imagegate.cataloger.collect
    import imagegate.policy.load
    import imagegate.source.engine
    import imagegate.source.opening
    import imagegate.source.registry
    import imagegate.source.sbom
    import imagegate.version.ranges

    imagegate.cataloger.collect.singles()
    for module in ("beam", "dart", "haskell", "javascript", "managed", "native", "php", "python", "r", "ruby"):
        importlib.import_module(f"imagegate.cataloger.locks.{module}")
    with contextlib.suppress(LookupError):
        for name in imagegate.version._FILES:
            imagegate.version.order_of(name)

from fuzz.mutate import mutated
from fuzz.targets import MEMORY, SECONDS, TARGETS


def main() -> None:
    """Run one target, or one after the other, each in a process of its own that ends with the time or with what it found."""
    wanted = [name for name in TARGETS if len(sys.argv) > 1 and (sys.argv[1] == "all" or name.startswith(sys.argv[1]))]
    if not wanted:
        print("\n".join(TARGETS))  # noqa: T201
        sys.exit(2)
    seconds = sys.argv[2] if len(sys.argv) > 2 else "60"
    folder = sys.argv[3] if len(sys.argv) > 3 else "/tmp/imagegate-fuzz"  # noqa: S108
    failed = False
    for name in wanted:
        place = os.path.join(folder, name.replace("/", "_"))
        os.makedirs(place, exist_ok=True)
        child = os.fork()
        if not child:
            log = os.open(f"{place}.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            fuzz(name, seconds, place)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(f"{name}: {'nothing' if not status else f'something: see {place}.log'} found", flush=True)  # noqa: T201
        failed = failed or status != 0
    sys.exit(failed)


def fuzz(name: str, seconds: str, folder: str) -> None:
    """Run a target until the time is over or something is found, which libFuzzer reports and writes down."""
    target = TARGETS[name]
    samples = [*target.samples(), b""]
    for sample in samples:
        with open(os.path.join(folder, hashlib.sha256(sample).hexdigest()[:16]), "wb") as file:
            file.write(sample)

    def change(data: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        new = bytes(atheris.Mutate(data, longest)) if seed % 2 else mutated(data, random, samples)
        return target.seal(new)[:longest]

    longest = max(1 << 16, *(len(sample) + 4096 for sample in samples))
    options = [
        f"-max_total_time={seconds}", f"-timeout={SECONDS:.0f}", f"-rss_limit_mb={(MEMORY >> 20) + 512}", f"-max_len={longest}",
        "-print_final_stats=1", f"-artifact_prefix={folder}.",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, folder], target.run, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
