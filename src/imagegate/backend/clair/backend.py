"""Clair as a backend: finds out which API answers, lets it fetch the layers, and does not take its word for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from imagegate.backend.clair.client import Access, Client, find_api
from imagegate.backend.clair.compare import doubts
from imagegate.backend.clair.report import Addresses, Answered
from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import BackendError, SourceError, UsageError
from imagegate.model.image import Interest, OpenImage
from imagegate.model.scan import BackendRun, ScanReport


@dataclass(frozen=True)
class Serving:
    """Where layers of a local image are lent: see LayerServer."""

    address: str = ""
    advertise: str = ""


class Clair:
    """See interface.Backend; needs images that are opened with an offer."""

    name = "clair"
    interest: Interest = INTEREST

    def __init__(self, access: Access, serving: Serving, say: Callable[[str], None], detail: Callable[[str], None]) -> None:
        self._access = access
        self._serving = serving
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
        client = Client(self._access, self._say)
        api = self._access.api or find_api(client)
        self._say(f"clair {api} at {client.indexer}")
        with self._addresses(opened) as addresses:
            answered = _ask(api, client, opened, addresses)
        reading = answered.reading
        evidence = [*opened.evidence, *answered.evidence, *reading.evidence]
        if opened.looked:
            evidence += doubts(take_inventory(opened), reading)
        run = BackendRun(self.name, f"{api} {answered.version}".rstrip(), answered.database)
        return ScanReport(
            opened.image, (run,), reading.distribution, reading.packages, reading.findings, tuple(dict.fromkeys(evidence))
        )

    def _addresses(self, opened: OpenImage) -> AbstractContextManager[Addresses]:
        if not opened.looked:
            return nullcontext(_Registry(opened))
        from imagegate.backend.clair.serve import LayerServer, contents

        where = self._serving
        return LayerServer(
            contents(opened), self._access.indexer, self._detail, address=where.address, advertise=where.advertise
        )


def _ask(api: str, client: Client, opened: OpenImage, addresses: Addresses) -> Answered:
    if api == "v4":
        from imagegate.backend.clair import v4

        return v4.scan(client, opened, addresses)
    from imagegate.backend.clair import v1

    return v1.scan(client, opened, addresses)


class _Registry:
    """Layers that Clair fetches from the registry itself; implements Addresses."""

    def __init__(self, opened: OpenImage) -> None:
        self._opened = opened

    def of(self, layer: int) -> tuple[str, dict[str, str]]:
        """See Addresses.of."""
        if self._opened.offer is None:
            raise SourceError("the image was opened without an offer", "Please report this.")
        return self._opened.offer.there(layer)

    def heard(self) -> str:
        """See Addresses.heard."""
        return ""


