"""The plug-in point of the scanners: whoever scans answers with one `ScanReport`."""

from typing import Protocol

from imagegate.model.image import Interest, OpenImage
from imagegate.model.scan import ScanReport


class Backend(Protocol):
    """Scans one image of one platform."""

    name: str
    interest: Interest  # in the files of an image

    def scan(self, opened: OpenImage) -> ScanReport:
        """Return everything that was found and everything that was not seen; raises BackendError or StoreError."""
