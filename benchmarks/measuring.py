"""Whole processes measured from outside, and the table that is printed."""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """Seconds (median) and peak memory in bytes (highest) of a command over several runs."""

    seconds: float
    memory: int = 0


def measure(
    command: Sequence[str],
    runs: int,
    *,
    codes: Sequence[int] = (0,),
    before: Callable[[], object] = lambda: None,
    env: Mapping[str, str] | None = None,
    warm: bool = True,
) -> Measured:
    """Run a command `runs` times, after once more to warm up; `before` runs unmeasured ahead of each.

    Ends the benchmark when the command ends with another code than expected: an error is fast, and measures nothing.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IMAGEGATE_")} | dict(env or {})
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
    results = []
    for _ in range(runs + warm):
        before()
        done = subprocess.run(
            [*launcher, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=kept, check=True
        )
        seconds, memory, code = done.stdout.split()
        if int(code) not in codes:
            sys.exit(f"{' '.join(command)}\nended with {code}, not {codes}:\n{done.stderr[-2000:]}")
        results.append((float(seconds), int(memory) * (1 if sys.platform == "darwin" else 1024)))
    measured = results[warm:]
    return Measured(statistics.median(seconds for seconds, _ in measured), max(memory for _, memory in measured))


def timed(work: Callable[[], object], runs: int) -> float:
    """Return the median seconds of a function."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


@dataclass(frozen=True)
class Goal:
    """What a line should stay below; no memory is no goal for it."""

    seconds: float
    text: str
    memory: int = 0


class Table:
    """Prints lines, and counts the goals that were missed; without `judge` goals are not looked at."""

    def __init__(self, *, judge: bool) -> None:
        self.judge, self.goals, self.missed = judge, 0, 0

    def head(self, title: str) -> None:
        """Print a title."""
        print(f"\n{title}", flush=True)

    def note(self, text: str) -> None:
        """Print what was not measured, and why."""
        print(f"  {text}", flush=True)

    def line(self, name: str, got: Measured, versus: tuple[str, float] | None = None, goal: Goal | None = None) -> None:
        """Print a measurement: as a ratio to a yardstick (its name and seconds), and against its goal."""
        peak = f"{got.memory / 1e6:5.0f} MB" if got.memory else " " * 8
        ratio = f"{got.seconds / versus[1]:6.2f} × {versus[0]}" if versus else ""
        words = ""
        if goal and self.judge:
            missed = []
            if got.seconds > goal.seconds:
                missed.append("time")
            if goal.memory and got.memory > goal.memory:
                missed.append("memory")
            self.goals += 1
            self.missed += bool(missed)
            room = f", {goal.memory / 1e6:.0f} MB" if goal.memory else ""
            words = (
                f"  goal {goal.seconds:.2f} s ({goal.text}){room}: {'MISSED (' + ', '.join(missed) + ')' if missed else 'met'}"
            )
        print(f"  {name:<50} {got.seconds:8.3f} s {peak} {ratio:<34}{words}".rstrip(), flush=True)

    def size(self, name: str, size: int, limit: int) -> None:
        """Print the size of a file in bytes, and whether it is within its limit."""
        self.goals += 1
        self.missed += size > limit
        words = f", goal {limit / 1e6:.0f} MB: {'MISSED' if size > limit else 'met'}" if self.judge else ""
        print(f"  {name} of {size / 1e6:.0f} MB{words}", flush=True)

    def grow(self, name: str, text: str, factor: float | None, limit: float) -> None:
        """Print a line about growth; `factor` is how much dearer each one became, None where it is too fast to tell."""
        words = ""
        if factor is not None and self.judge:
            self.goals += 1
            self.missed += factor > limit
            words = f"  each {factor:.2f} × as before, goal {limit} ×: {'MISSED' if factor > limit else 'met'}"
        print(f"  {name:<50} {text}{words}", flush=True)


def alone(what: str | None, run: Callable[..., None]) -> None:
    """Run one part of the benchmark by itself, as its module says: `run` gets the table, the runs, and whether to be quick."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="little of it, no goal")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs: at least 1")
    run(Table(judge=not options.quick), options.runs, quick=options.quick)
