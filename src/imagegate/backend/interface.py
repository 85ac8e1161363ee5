"""The plug-in point of the scanners: whoever scans answers with one `ScanReport`."""

from typing import Protocol

from imagegate.model.image import OpenImage
from imagegate.model.scan import ScanReport


class Backend(Protocol):
    """Scans one image of one platform."""

    name: str

    def wants(self, path: str) -> bool:
        """Return whether the backend will read a file of that path out of the image."""

    def scan(self, opened: OpenImage) -> ScanReport:
        """Return everything that was found and everything that was not seen; raises BackendError or StoreError."""
