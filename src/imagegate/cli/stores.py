"""Finds the advisory store, and keeps it fresh where nobody said not to."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

from imagegate.advisory.file import check_file
from imagegate.advisory.store import Store
from imagegate.errors import StoreError


def default_path() -> str:
    """Return where the store is kept for this user (XDG base directory specification: it can be made again)."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "imagegate", "advisories.db")


def opener(
    path: str, *, offline: bool, url: str, say: Callable[[str], None], progress: Callable[[str, int, int], None]
) -> Callable[[tuple[str, ...]], Store | None]:
    """Return a function that opens the store for an image that needs certain ecosystems.

    It fetches what is missing and refreshes what is older than a day; when that fails it goes on with what is there,
    whose age is evidence. None where there is no store and the image needs none.
    """

    def open_store(needed: tuple[str, ...]) -> Store | None:
        missing = not os.path.exists(path)
        if missing and not needed:
            return None
        if not offline and needed:
            _refresh(path, needed, missing, url, say, progress)
        elif missing:
            check_file(path)
        return Store(path)

    return open_store


def _refresh(
    path: str,
    needed: tuple[str, ...],
    missing: bool,
    url: str,
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None],
) -> None:
    if not missing:
        from imagegate.advisory.update import needs_update

        store = Store(path)
        try:
            if not needs_update(store, needed):
                return
        finally:
            store.close()
    from imagegate.advisory.update import FRESH, Origin, update

    say(f"fetching advisories of {', '.join(needed)}")
    try:
        update(path, needed, Origin(url, say, progress), since=datetime.now(UTC) - FRESH)
    except StoreError as error:
        if missing:
            raise StoreError(
                f"there is no advisory store at {path}, and fetching one failed: {error.message}",
                error.hint or "Run `imagegate db import FILE`, or name a store with --db.",
            ) from error
        say(f"warning: the advisories could not be refreshed, going on with those that are there: {error.message}")
