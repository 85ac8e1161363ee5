"""Brings a store up to date from the public OSV bucket or a mirror of it."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from imagegate.advisory.build import Archive, Builder, now, replace
from imagegate.advisory.download import NotThere, Progress, download, shown
from imagegate.advisory.lock import locked
from imagegate.advisory.origin import BUCKET, CISA, EXPLOITED, SCORES
from imagegate.advisory.store import Source, Store
from imagegate.errors import StoreError

FRESH = timedelta(days=1)


@dataclass(frozen=True)
class Origin:
    """Where advisories come from, and how to tell about it; `url` is the OSV bucket or a mirror in its layout."""

    url: str = BUCKET
    say: Callable[[str], None] = lambda _: None
    progress: Progress = field(default=lambda _label, _done, _all: None)


def update(
    path: str, ecosystems: Collection[str], origin: Origin, *, optional: Collection[str] = (), since: datetime | None = None
) -> bool:
    """Fetch what changed of `ecosystems` and of what the store already has, and replace the store at once.

    Those in `optional` may be missing at the source. With `since`, nothing is done when another process has
    confirmed every one of them after that time. Returns whether there is a store afterwards that has them all.
    Raises StoreError; the old store is then as it was.
    """
    with locked(path, origin.say):
        old = sources_of(path, origin.say)
        names = sorted({*ecosystems, *optional, *(name for name in old if name not in (EXPLOITED, SCORES))})
        if since is not None and all(name in old and is_fresh(old[name], since) for name in ecosystems):
            return True
        moment = now()
        fetched: list[Archive] = []
        unchanged: list[str] = []
        try:
            for name, url in _wanted(names, origin.url):
                known = old[name].etag if name in old and old[name].url == shown(url) else ""
                target = os.path.join(f"{path}.downloads", quote(name, safe=""))
                try:
                    result = download(url, target, known, name, origin.progress)
                except NotThere:
                    if name in ecosystems:
                        raise StoreError(
                            f"{shown(url)}: there is no such ecosystem", "Names are those of OSV: Debian, Ubuntu, Alpine, Wolfi …"
                        ) from None
                    if name != SCORES:
                        origin.say(f"{shown(url)}: not there; going on without it")
                    continue
                except StoreError as error:
                    if name not in (SCORES, EXPLOITED):
                        raise
                    # What was known stays; where nothing was, a rule that asks for it finds its data missing.
                    origin.say(f"warning: {error.message}; going on without news of it")
                    continue
                if result.path:
                    fetched.append(Archive(name, result.path, shown(url), result.etag, moment))
                else:
                    unchanged.append(name)
            if not fetched and not unchanged:
                raise StoreError(
                    f"{shown(origin.url)}: holds none of the advisories asked for", "Its layout must be that of the OSV bucket."
                )
            _write(path, fetched, unchanged, moment, origin, keep=bool(old))
        finally:
            for archive in fetched:
                _discard(archive.path)
        present = {archive.name for archive in fetched} | set(unchanged)
        return set(ecosystems) <= present


def _wanted(names: Collection[str], url: str) -> list[tuple[str, str]]:
    """Return name and address of each source."""
    wanted = [(name, f"{url}/{quote(name)}/all.zip") for name in [*names, SCORES]]
    return [*wanted, (EXPLOITED, f"{url}/{EXPLOITED}" if url != BUCKET else CISA)]


def _write(path: str, fetched: list[Archive], unchanged: list[str], moment: str, origin: Origin, *, keep: bool) -> None:
    def work(builder: Builder) -> None:
        for archive in fetched:
            origin.progress(f"{archive.name}: writing", 0, 0)
            builder.add(archive)
        for name in unchanged:
            builder.confirm(name, moment)

    replace(path, "update", work, keep=keep)


def is_fresh(source: Source, since: datetime) -> bool:
    """Return whether the source was confirmed after `since`."""
    try:
        return datetime.fromisoformat(source.confirmed) > since
    except (ValueError, TypeError):
        return False


def needs_update(store: Store, ecosystems: Collection[str]) -> bool:
    """Return whether an updated store lacks an ecosystem or is older than a day; folders and imports have an owner."""
    if store.origin != "update":
        return False
    sources = {source.name: source for source in store.sources()}
    since = datetime.now(UTC) - FRESH
    return any(name not in sources or not is_fresh(sources[name], since) for name in ecosystems)


def sources_of(path: str, say: Callable[[str], None]) -> dict[str, Source]:
    """Return what the old store has, by name; a missing or damaged one has nothing, and is made anew."""
    try:
        store = Store(path)
    except StoreError as error:
        if os.path.exists(path):
            say(f"{error.message}: it is made anew")
        return {}
    try:
        return {source.name: source for source in store.sources()}
    finally:
        store.close()


def _discard(path: str) -> None:
    try:
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
    except OSError:
        pass
