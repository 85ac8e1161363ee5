"""One update at a time: whoever comes second waits, and then finds the work done."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from imagegate.errors import StoreError
from imagegate.text import clean

_PATIENCE = 900.0  # seconds; an update of every ecosystem over a slow line takes some minutes


class Locked(StoreError):
    """The lock could not be had, whatever was to be done under it."""


@contextmanager
def locked(path: str, say: Callable[[str], None], patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the lock of the store at `path`; the kernel frees it when a process dies. Raises Locked."""
    name = f"{path}.lock"
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Locked(f"{clean(name)}: {error.strerror}", "Name a writable place for the store with --db.") from None
    try:
        deadline, told = time.monotonic() + patience, False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise Locked(
                        f"{clean(path)}: another process has been updating it for {patience:.0f} s",
                        "Is it hanging? End it and try again.",
                    ) from None
                if not told:
                    say("another process is updating the advisories; waiting for it")
                    told = True
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)
