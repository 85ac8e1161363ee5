"""Every parser of untrusted bytes gets some; `fuzz/run.py` does the same for hours."""

from random import Random

import pytest
from fuzz.mutate import mutated
from fuzz.targets import TARGETS, Target, guarded
from hypothesis import given, settings
from hypothesis import strategies as st

# Those that need whole images, other processes or a network are tried less often.
_SLOW = (
    "layer",
    "archive",
    "config",
    "manifest",
    "docker-manifest",
    "engine",
    "registry",
    "helper",
    "policy",
    "store",
    "rpm-log",
)


def _few(name: str) -> bool:
    return name in _SLOW or name.startswith("database:")


def _tried(target: Target, data: bytes) -> None:
    with guarded():
        target.run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_samples_are_answered(name: str) -> None:
    samples = TARGETS[name].samples()
    assert samples
    for sample in (b"", *samples[:20]):
        _tried(TARGETS[name], sample)


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_answered(name: str) -> None:
    @given(data=st.binary(max_size=300))
    @settings(max_examples=5 if _few(name) else 20, database=None)
    def tried(data: bytes) -> None:
        _tried(TARGETS[name], data)

    tried()


@pytest.mark.parametrize("name", TARGETS)
def test_changed_samples_are_answered(name: str) -> None:
    target, samples = TARGETS[name], TARGETS[name].samples()

    @given(seed=st.integers(0, 1 << 32))
    @settings(max_examples=10 if _few(name) else 40, database=None)
    def tried(seed: int) -> None:
        random = Random(seed)
        _tried(target, target.seal(mutated(random.choice(samples), random, samples)))

    tried()


def test_a_hang_and_a_blow_up_are_found() -> None:
    from itertools import count

    from fuzz import targets

    def wait(_: bytes) -> None:
        for _number in count():
            pass

    def take(_: bytes) -> None:
        bytearray(4 << 30)

    before, targets.SECONDS = targets.SECONDS, 0.1
    try:
        with pytest.raises(targets.Hang):
            _tried(Target(wait, list), b"")
    finally:
        targets.SECONDS = before
    with pytest.raises(MemoryError):
        _tried(Target(take, list), b"")
