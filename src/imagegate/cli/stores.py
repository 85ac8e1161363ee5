"""Finds the advisory store, and keeps it fresh where nobody said not to.

Where advisories come from is one setting: addresses parted by commas or blanks, of which the first that serves wins.
An address is the OSV bucket, a mirror in its layout, or `oci://…`, an exported store in a registry.
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imagegate.advisory.file import check_file
from imagegate.advisory.origin import BUCKET
from imagegate.advisory.store import Store
from imagegate.errors import SourceError, StoreError, UsageError

if TYPE_CHECKING:
    from imagegate.source.artifact import Artifact, Kind
    from imagegate.source.registry import Access

SCHEME = "oci://"
_WEB = ("http://", "https://")
_TIMEOUT = 120.0  # seconds of silence


@dataclass(frozen=True)
class Telling:
    """How to reach and to tell: `insecure` allows plain HTTP to a registry that is not on this machine."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[str, int, int], None] = field(default=lambda _label, _done, _all: None)
    insecure: bool = False
    timeout: float = _TIMEOUT


def default_path() -> str:
    """Return where the store is kept for this user (XDG base directory specification: it can be made again)."""
    return os.path.join(cache_folder(), "advisories.db")


def cache_folder() -> str:
    """Return the folder for all that can be made again."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "imagegate")


def addresses(setting: str) -> list[str]:
    """Return the addresses of a setting in their order; raises UsageError for none, or one that cannot be used."""
    from imagegate.advisory.download import shown
    from imagegate.source.artifact import place_of

    found = list(dict.fromkeys(word.rstrip("/") for word in setting.replace(",", " ").split()))
    for one in found:
        if one.startswith(SCHEME):
            place_of(one)
        elif not one.lower().startswith(_WEB):
            raise UsageError(
                f"--db-url {shown(one).rpartition('@')[2]}: not an address of advisories",
                "Name the OSV bucket, a mirror of it (https://…), or oci://HOST/REPO[:TAG].",
            )
    if not found:
        raise UsageError("--db-url names no address", "Leave it out for the public OSV bucket.")
    return found


def artifact(address: str, telling: Telling) -> "Artifact":
    """Return the exported store at an `oci://` address; raises SourceError."""
    from imagegate.source.artifact import find, place_of

    return find(place_of(address), access(telling), kind())


def access(telling: Telling) -> "Access":
    """Return how registries are reached."""
    from imagegate.source.registry import Access

    return Access(os.environ, telling.timeout, telling.insecure)


def kind() -> "Kind":
    """Return what an exported store is to a registry."""
    from imagegate.source.artifact import Kind

    return Kind(
        "an advisory store",
        "application/vnd.imagegate.store.v1",
        "application/vnd.imagegate.store.v1+zstd",
        "advisories.zst",
    )


def refresh(
    path: str,
    ecosystems: Collection[str],
    setting: str,
    telling: Telling,
    *,
    optional: Collection[str] = (),
    since: datetime | None = None,
) -> None:
    """Bring the store up to date from the first address that serves, and tell why the others did not.

    See advisory.update.update for the ecosystems and `since`. Raises StoreError or SourceError when none does; the
    old store is then as it was.
    """
    from imagegate.advisory.download import shown
    from imagegate.advisory.lock import Locked
    from imagegate.advisory.share import import_parcel
    from imagegate.advisory.update import Origin, update

    failures: list[StoreError | SourceError] = []
    listed = addresses(setting)
    for position, one in enumerate(listed, 1):
        try:
            if one.startswith(SCHEME):
                found = artifact(one, telling)
                if not import_parcel(found, path, telling.say, telling.progress, ecosystems):
                    telling.say(f"{found.name} is current: {found.digest}")
            else:
                update(path, ecosystems, Origin(one, telling.say, telling.progress), optional=optional, since=since)
        except Locked:
            raise
        except (StoreError, SourceError) as error:
            failures.append(error)
            if position < len(listed):
                telling.say(f"warning: {error.message}; trying {shown(listed[position])}")
        else:
            return
    if len(failures) == 1:
        raise failures[0]
    raise StoreError(f"no source of advisories serves: {'; '.join(error.message for error in failures)}", failures[0].hint)


def opener(
    path: str,
    *,
    offline: bool,
    url: str,
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None],
    insecure: bool = False,
    timeout: float = _TIMEOUT,
) -> Callable[[tuple[str, ...]], Store | None]:
    """Return a function that opens the store for an image that needs certain ecosystems.

    It fetches what is missing and refreshes what is older than a day; when that fails it goes on with what is there,
    whose age is evidence. None where there is no store and the image needs none. Raises UsageError for a `url` that
    cannot be one.
    """
    setting, telling = url or BUCKET, Telling(say, progress, insecure, timeout)
    if not offline:
        addresses(setting)

    def open_store(needed: tuple[str, ...]) -> Store | None:
        missing = not os.path.exists(path)
        if missing and not needed:
            return None
        if not offline and needed:
            _refresh(path, needed, missing, setting, telling)
        elif missing:
            check_file(path)
        return Store(path)

    return open_store


def _refresh(path: str, needed: tuple[str, ...], missing: bool, setting: str, telling: Telling) -> None:
    from imagegate.advisory.update import FRESH, needs_update

    if not missing:
        store = Store(path)
        try:
            if not needs_update(store, needed):
                return
        finally:
            store.close()
    telling.say(f"fetching advisories of {', '.join(needed)}")
    try:
        refresh(path, needed, setting, telling, since=datetime.now(UTC) - FRESH)
    except (StoreError, SourceError) as error:
        if missing:
            raise StoreError(
                f"there is no advisory store at {path}, and fetching one failed: {error.message}",
                error.hint or "Run `imagegate db import FILE`, or name a store with --db.",
            ) from error
        telling.say(f"warning: the advisories could not be refreshed, going on with those that are there: {error.message}")
