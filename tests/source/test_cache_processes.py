"""Many runs on one cache at the same time, and runs that are killed in the middle, leave a cache that serves the next."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.images import DEBIAN_11, Image, dpkg, file, layer
from tests.source.test_cache import names, taken

PROGRAM = """
import sys
from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.source.opening import Options, open_image
for path in sys.argv[2:]:
    found = take_inventory(open_image(path, INTEREST, Options(cache_dir=sys.argv[1])))
    print(len(found.packages), [item.found for item in found.evidence].count("fail"), flush=True)
"""
MANY = 2000


def image(folder: Path, number: int) -> Path:
    files = [file(f"usr/share/{number}/{n}", b"x" * 100) for n in range(MANY)]
    base = layer([file("etc/os-release", DEBIAN_11), file("var/lib/dpkg/status", dpkg(("bash", "5")))])
    return Image([base, layer(files)]).docker_archive(folder / f"{number}.tar")


def start(cache: Path, *images: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(cache), *map(str, images)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_eight_runs_at_once_see_the_same(tmp_path: Path) -> None:
    cache, images = tmp_path / "cache", [image(tmp_path, number) for number in range(2)]
    running = [start(cache, *images[:: 1 if number % 2 else -1]) for number in range(8)]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert out == "1 0\n1 0\n"
    assert [names(taken(path, cache)) for path in images] == [["bash"], ["bash"]]
    assert list(cache.rglob(".new-*")) == []
    assert len(list((cache / "layers").iterdir())) == 5  # three layers, two inventories


def test_a_run_that_is_killed_in_the_middle_leaves_a_cache_that_can_be_used(tmp_path: Path) -> None:
    cache, path = tmp_path / "cache", image(tmp_path, 0)
    whole = tmp_path / "whole"
    expected = taken(path, whole)
    for wait in range(5):
        process = start(cache, path, *(image(tmp_path, number) for number in range(1, 4)))
        deadline = time.monotonic() + 20
        while not (cache / "layers").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(wait * 0.007)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        for one in (cache / "layers").glob("[0-9a-f]*"):
            assert one.stat().st_size > 4  # moved there when it was whole
        assert taken(path, cache) == expected
