"""The Clairs of the tests: in this process, or real ones where IMAGEGATE_TEST_CLAIR_V4 and _V1 hold their addresses."""

import os
from collections.abc import Iterator

import pytest

from imagegate.backend.clair.client import Access
from tests.clair.server_v1 import ClairV1
from tests.clair.server_v4 import ClairV4

REAL_V4, REAL_V1 = (os.environ.get(f"IMAGEGATE_TEST_CLAIR_{name}", "") for name in ("V4", "V1"))


def access(url: str, **changes: object) -> Access:
    """Return how to reach a Clair of a test: what hangs there fails soon."""
    settings: dict[str, object] = {"timeout": 10.0, "deadline": 60.0} | changes
    return Access(url, url, **settings)  # type: ignore[arg-type]


@pytest.fixture
def server_v4() -> Iterator[ClairV4]:
    server = ClairV4()
    yield server
    server.stop()


@pytest.fixture
def clair_v4(request: pytest.FixtureRequest) -> Access:
    return access(REAL_V4 or request.getfixturevalue("server_v4").url)


@pytest.fixture
def server_v1() -> Iterator[ClairV1]:
    server = ClairV1()
    yield server
    server.stop()


@pytest.fixture
def clair_v1(request: pytest.FixtureRequest) -> Access:
    return access(REAL_V1 or request.getfixturevalue("server_v1").url)
