import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.advisory.bucket import Bucket, serving


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as made:
        yield made


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sleeps between tries are noted, not slept."""
    noted: list[float] = []
    clock = SimpleNamespace(sleep=noted.append, monotonic=time.monotonic, time=time.time)
    monkeypatch.setattr("imagegate.advisory.download.time", clock)
    return noted
