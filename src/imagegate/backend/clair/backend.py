"""Clair as a backend: finds out which API answers, lets it fetch the layers, and does not take its word for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from imagegate.advisory.origin import EXPLOITED
from imagegate.backend.clair.client import Access, Client, find_api
from imagegate.backend.clair.compare import doubts
from imagegate.backend.clair.report import Addresses, Answered
from imagegate.backend.embedded import OpenStore
from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import BackendError, SourceError, StoreError, UsageError
from imagegate.model.image import Evidence, Interest, OpenImage
from imagegate.model.scan import BackendRun, Database, Finding, ScanReport

_OLD = timedelta(days=30)


@dataclass(frozen=True)
class Serving:
    """Where layers of a local image are lent: see LayerServer."""

    address: str = ""
    advertise: str = ""


class Clair:
    """See interface.Backend; needs images that are opened with an offer."""

    name = "clair"
    interest: Interest = INTEREST

    def __init__(
        self,
        access: Access,
        serving: Serving,
        open_store: OpenStore,
        say: Callable[[str], None],
        detail: Callable[[str], None],
    ) -> None:
        self._access = access
        self._serving = serving
        self._open_store = open_store
        self._say = say
        self._detail = detail  # for those who want to know everything

    def scan(self, opened: OpenImage) -> ScanReport:
        """See Backend.scan."""
        if opened.bill is not None:
            raise UsageError("Clair scans images, not bills of materials", "Leave -b clair out for an SBOM.")
        if not opened.image.layers:
            if any(item.kind == "missing_platform" and item.found == "fail" for item in opened.evidence):
                return ScanReport(opened.image, (BackendRun(self.name, "", None),), None, (), (), opened.evidence)
            raise BackendError(f"{opened.image.reference}: an image without layers, which Clair cannot scan")
        with closing(Client(self._access, self._say)) as client:
            return self._scan(client, opened)

    def _scan(self, client: Client, opened: OpenImage) -> ScanReport:
        api = self._access.api or find_api(client)
        self._say(f"clair {api} at {client.indexer}")
        with self._addresses(opened, client) as addresses:
            answered = ask(api, client, opened, addresses)
        reading = answered.reading
        evidence = [*opened.evidence, *answered.evidence, *reading.evidence]
        if opened.looked:
            evidence += doubts(take_inventory(opened), reading)
        findings, database = self._exploited(reading.findings, answered.database, evidence)
        run = BackendRun(self.name, answered.version, database)
        return ScanReport(opened.image, (run,), reading.distribution, reading.packages, findings, tuple(dict.fromkeys(evidence)))

    def _exploited(
        self, findings: tuple[Finding, ...], database: Database | None, evidence: list[Evidence]
    ) -> tuple[tuple[Finding, ...], Database | None]:
        """Say which vulnerabilities are exploited, where our own store is there and knows: Clair has no such list."""
        try:
            store = self._open_store(())  # as it is: nothing is downloaded for it
        except StoreError as error:
            self._say(f"warning: the list of exploited vulnerabilities cannot be read: {error.message}")
            return findings, database
        if store is None:
            return findings, database
        try:
            exploited = store.database((EXPLOITED,)).exploited
            moment = max((max(one.confirmed, one.newest) for one in store.sources() if one.name == EXPLOITED), default="")
            if not exploited or _is_old(moment):
                return findings, database
            listed = {name for finding in findings for name in finding.names if store.vulnerability(name).exploited}
        finally:
            store.close()
        evidence.append(Evidence("missing_data", "ok", f"which are exploited, the advisory store says, as of {moment}"))
        joined = tuple(
            replace(finding, known_exploited=bool(finding.known_exploited) or not listed.isdisjoint(finding.names))
            for finding in findings
        )
        return joined, replace(database, exploited=exploited) if database else None

    def _addresses(self, opened: OpenImage, client: Client) -> AbstractContextManager[Addresses]:
        if not opened.looked:
            return nullcontext(_Registry(opened, self._say))
        from imagegate.backend.clair.serve import LayerServer, contents

        where = self._serving
        lent = LayerServer(contents(opened), self._access.indexer, self._detail, address=where.address, advertise=where.advertise)
        client.hide(lent.token)  # errors of Clair quote addresses
        return lent


def _is_old(moment: str) -> bool:
    """Return whether a list is too old to say that something is not on it."""
    try:
        return datetime.now(UTC) - datetime.fromisoformat(moment) > _OLD
    except (ValueError, TypeError):  # no time, or one without a zone
        return True


def ask(api: str, client: Client, opened: OpenImage, addresses: Addresses) -> Answered:
    """Return what a Clair of that API says of an image; raises BackendError, SourceError."""
    if api == "v4":
        from imagegate.backend.clair import v4

        return v4.scan(client, opened, addresses)
    from imagegate.backend.clair import v1

    return v1.scan(client, opened, addresses)


class _Registry:
    """Layers that Clair fetches from the registry itself; implements Addresses."""

    def __init__(self, opened: OpenImage, say: Callable[[str], None]) -> None:
        self._opened = opened
        self._say = say
        self._warned = False

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        """See Addresses.of."""
        if self._opened.offer is None:
            raise SourceError("the image was opened without an offer", "Please report this.")
        url, headers = self._opened.offer.there(layer)
        if headers.get("Authorization", "").startswith("Basic ") and not self._warned:
            self._warned = True
            self._say("warning: this registry gives no tokens, so Clair gets the login itself to fetch the layers")
        return url, headers

    def heard(self) -> str:
        """See Addresses.heard."""
        return ""
