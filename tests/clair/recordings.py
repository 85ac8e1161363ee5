"""Exchanges with real Clairs, as they were recorded."""

import gzip
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def names(folder: str = "v4") -> list[str]:
    """Return the names of all exchanges with one of the servers."""
    return sorted(path.name.partition(".")[0] for path in (DATA / folder).iterdir() if ".json" in path.name)


def recorded(name: str, folder: str = "v4") -> Any:
    """Return one exchange."""
    path = DATA / folder / f"{name}.json"
    if path.exists():
        return json.loads(path.read_text())
    return json.loads(gzip.decompress(path.with_name(f"{name}.json.gz").read_bytes()))
