"""The scanner that needs no server: our own catalogers and matcher over the local advisory store."""

from collections.abc import Callable
from datetime import date, timedelta

from imagegate import __version__
from imagegate.advisory.origin import EXPLOITED
from imagegate.advisory.store import Store
from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.matcher.ecosystem import base_of, ecosystem_of_type, ecosystems_of, fewest_of_type, fewest_records
from imagegate.matcher.match import Matches, match
from imagegate.matcher.memory import name_of, pack, unpack
from imagegate.model.image import Evidence, Interest, OpenImage
from imagegate.model.inventory import Inventory
from imagegate.model.releases import SYSTEMS
from imagegate.model.scan import EMBEDDED, BackendRun, Database, ScanReport
from imagegate.text import clean

_QUIET = timedelta(days=90)  # every publisher here has something new each week

OpenStore = Callable[[tuple[str, ...]], Store | None]


class Embedded:
    """See interface.Backend; `open_store` gets the ecosystems that the image needs, and may answer None when there are none."""

    name = EMBEDDED
    interest: Interest = INTEREST

    def __init__(self, open_store: OpenStore) -> None:
        self._open_store = open_store

    def scan(self, opened: OpenImage) -> ScanReport:
        """See Backend.scan."""
        inventory = take_inventory(opened)
        needed = _needed(inventory)
        store = self._open_store(needed)
        if store is None:  # and nothing that one could be asked about
            evidence = (*inventory.evidence, *_unspoken(inventory))
            run = BackendRun(self.name, __version__, None)
            return ScanReport(opened.image, (run,), inventory.distribution, inventory.packages, (), evidence)
        try:
            covered = store.coverage()
            release = _release(inventory, covered)
            coverage = [*release, *_unspoken(inventory), *_coverage(inventory, covered, store)]
            database = store.database(needed)
            matches = _matches(opened, inventory, store, database, covered=all(item.found != "fail" for item in release))
            quiet = _quiet(needed, store, database.built)
            evidence = (*inventory.evidence, *matches.evidence, *coverage, *quiet)
        finally:
            store.close()
        run = BackendRun(self.name, __version__, database)
        return ScanReport(opened.image, (run,), inventory.distribution, inventory.packages, matches.findings, evidence)


def _matches(opened: OpenImage, inventory: Inventory, store: Store, database: Database, *, covered: bool) -> Matches:
    """Return what is found, from memory where the same layers met the same advisories before."""
    if opened.memory is None:
        return match(inventory, store, covered=covered)
    name = name_of(f"{database.digest} {store.identity}", covered=covered)
    data = opened.memory.recall(name)
    found = unpack(data, inventory) if data else None
    if found is None:
        found = match(inventory, store, covered=covered)
        opened.memory.remember(pack(found, inventory), name)
    return found


def _needed(inventory: Inventory) -> tuple[str, ...]:
    """Return the ecosystems without a release that speak of something in the image, the distribution's first."""
    distribution = (base_of(inventory.distribution),) if inventory.distribution else ()
    kinds = sorted({package.type for package in inventory.packages})
    return tuple(dict.fromkeys(filter(None, (*distribution, *map(ecosystem_of_type, kinds)))))


def _coverage(inventory: Inventory, covered: dict[str, int], store: Store) -> list[Evidence]:
    """What the store lacks for this image: an ecosystem that nobody writes about must not look clean."""
    evidence = []
    for kind in sorted({package.type for package in inventory.packages}):
        ecosystem = ecosystem_of_type(kind)
        if ecosystem:
            records = sum(count for name, count in covered.items() if name.partition(":")[0] == ecosystem)
            evidence.append(_enough(records, fewest_of_type(kind), ecosystem))
    for base in _needed(inventory):
        evidence += _damaged(base, store)
    return evidence


def _release(inventory: Inventory, covered: dict[str, int]) -> list[Evidence]:
    """What the store lacks for the distribution's release."""
    distribution = inventory.distribution
    if distribution is None:
        return []
    records = sum(covered.get(ecosystem, 0) for ecosystem in ecosystems_of(distribution, covered))
    hardened = base_of(distribution).startswith("Docker")  # its os-release says `alpine`
    name = base_of(distribution) if hardened else distribution.id
    return [_enough(records, fewest_records(distribution), f"{name} {distribution.version}".rstrip())]


def _enough(records: int, fewest: int, name: str) -> Evidence:
    if not records:
        return Evidence("uncovered", "fail", f"the advisory store holds nothing for {name}")
    if records < fewest:
        detail = f"the advisory store holds {records} records for {name}, its publisher has more than {fewest}"
        return Evidence("uncovered", "fail", detail)
    return Evidence("uncovered", "ok", f"{records:,} records for {name}")


def _unspoken(inventory: Inventory) -> list[Evidence]:
    """Packages of a kind that no advisories are published for, as far as we know."""
    counts: dict[str, int] = {}
    for package in inventory.packages:
        # A missing or unknown distribution is evidence of its own.
        if package.type not in SYSTEMS and ecosystem_of_type(package.type) is None:
            counts[package.type] = counts.get(package.type, 0) + 1
    return [
        Evidence("uncovered", "fail", f"{count} packages of type {clean(kind, 40)} were found, for which no advisories are known")
        for kind, count in sorted(counts.items())
    ]


def _quiet(needed: tuple[str, ...], store: Store, built: str) -> list[Evidence]:
    """Sources that have said nothing new for long: a frozen copy is confirmed daily, and still old."""
    old = [
        f"of {source.name} is of {source.newest[:10]}"
        for source in store.sources()
        if source.name in (*needed, EXPLOITED) and (_day(built) - _day(source.newest)) > _QUIET
    ]
    return [Evidence("uncovered", "warn", f"the newest record {', '.join(old)}")] if old else []


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def _damaged(base: str, store: Store) -> list[Evidence]:
    """What could not be read of an ecosystem's advisories; more than one in twenty is not a cover."""
    return [
        Evidence(
            "uncovered",
            "fail" if source.damaged * 20 > source.records + source.damaged else "warn",
            f"{source.damaged:,} of {source.records + source.damaged:,} records of {base} are damaged and were left out",
        )
        for source in store.sources()
        if source.name == base and source.damaged
    ]
