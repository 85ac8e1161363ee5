"""The scanner that needs no server: our own catalogers and matcher over the local advisory store."""

from collections.abc import Callable
from datetime import date, timedelta

from imagegate import __version__
from imagegate.advisory.origin import EXPLOITED
from imagegate.advisory.store import Store
from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.matcher.ecosystem import base_of, ecosystems_of, fewest_records
from imagegate.matcher.match import match
from imagegate.model.image import Evidence, Interest, OpenImage
from imagegate.model.inventory import Distribution, Inventory
from imagegate.model.scan import BackendRun, ScanReport

_QUIET = timedelta(days=90)  # every publisher here has something new each week

OpenStore = Callable[[tuple[str, ...]], Store | None]


class Embedded:
    """See interface.Backend; `open_store` gets the ecosystems that the image needs, and may answer None when there are none."""

    name = "embedded"
    interest: Interest = INTEREST

    def __init__(self, open_store: OpenStore) -> None:
        self._open_store = open_store

    def scan(self, opened: OpenImage) -> ScanReport:
        """See Backend.scan."""
        inventory = take_inventory(opened)
        needed = (base_of(inventory.distribution),) if inventory.distribution else ()
        store = self._open_store(needed)
        if store is None:  # and nothing that one could be asked about
            return ScanReport(
                opened.image, (BackendRun(self.name, __version__, None),), None, inventory.packages, (), inventory.evidence
            )
        try:
            matches = match(inventory, store)
            database = store.database(needed)
            quiet = _quiet(needed, store, database.built)
            evidence = (*inventory.evidence, *matches.evidence, *_coverage(inventory, store), *quiet)
        finally:
            store.close()
        run = BackendRun(self.name, __version__, database)
        return ScanReport(opened.image, (run,), inventory.distribution, inventory.packages, matches.findings, evidence)


def _coverage(inventory: Inventory, store: Store) -> list[Evidence]:
    """What the store lacks for this image: a release nobody writes about any more must not look clean."""
    distribution = inventory.distribution
    if distribution is None:
        return []
    covered = store.coverage()
    records = sum(covered.get(ecosystem, 0) for ecosystem in ecosystems_of(distribution))
    name = f"{distribution.id} {distribution.version}".rstrip()
    if not records:
        return [Evidence("uncovered", "fail", f"the advisory store holds nothing for {name}")]
    if records < (fewest := fewest_records(distribution)):
        detail = f"the advisory store holds {records} records for {name}, its publisher has more than {fewest}"
        return [Evidence("uncovered", "fail", detail), *_damaged(distribution, store)]
    return [Evidence("uncovered", "ok", f"{records:,} records for {name}"), *_damaged(distribution, store)]


def _quiet(needed: tuple[str, ...], store: Store, built: str) -> list[Evidence]:
    """Sources that have said nothing new for long: a frozen copy is confirmed daily, and still old."""
    return [
        Evidence("uncovered", "warn", f"the newest record of {source.name} is of {source.newest[:10]}")
        for source in store.sources()
        if source.name in (*needed, EXPLOITED) and (_day(built) - _day(source.newest)) > _QUIET
    ]


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def _damaged(distribution: Distribution, store: Store) -> list[Evidence]:
    """What could not be read of the distribution's advisories; more than one in twenty is not a cover."""
    base = base_of(distribution)
    return [
        Evidence(
            "uncovered",
            "fail" if source.damaged * 20 > source.records + source.damaged else "warn",
            f"{source.damaged:,} of {source.records + source.damaged:,} records of {base} are damaged and were left out",
        )
        for source in store.sources()
        if source.name == base and source.damaged
    ]
