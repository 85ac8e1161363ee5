"""The stores that these tests share."""

from pathlib import Path

import pytest

from tests.silent.judging import Gate, everything


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return everything(tmp_path_factory.mktemp("store") / "store.db")


@pytest.fixture
def gated(store: Path, tmp_path: Path) -> Gate:
    return Gate(store, tmp_path)
