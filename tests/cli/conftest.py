"""A store and images that the tests of the command line share."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.advisories import build_store, padding, record
from tests.images import DEBIAN_11, Image, apk, dpkg, layer

WOLFI = 'ID=wolfi\nNAME="Wolfi"\nPRETTY_NAME="Wolfi"\nVERSION_ID="20230201"\n'


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def store(home: Path) -> Path:
    """Advisories of today, that cover Wolfi and Debian 11."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    critical = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    records = {
        "Wolfi": [
            record("CGA-1", "Wolfi", "openssl", "3.0.9-r0", upstream=["CVE-2024-1"], severity=critical, modified=now),
            record("CGA-2", "Wolfi", "busybox", "1.37.0-r9", upstream=["CVE-2024-2"], modified=now),
            *padding("Wolfi"),
        ],
        "Debian": [record("DSA-1-1", "Debian:11", "openssl", "1.1.1n-0+deb11u5", upstream=["CVE-2024-3"]), *padding("Debian:11")],
    }
    return build_store(home / "store.db", records, exploited=["CVE-2024-9"], cvss=[])


@pytest.fixture(scope="session")
def clean(home: Path) -> Path:
    image = Image([layer({"etc/os-release": WOLFI, "usr/lib/apk/db/installed": apk(("openssl", "3.0.9-r0"))})])
    return image.docker_archive(home / "clean.tar")


@pytest.fixture(scope="session")
def vulnerable(home: Path) -> Path:
    base = layer({"etc/os-release": WOLFI, "usr/lib/apk/db/installed": apk(("busybox", "1.37.0-r9"))})
    top = layer({"usr/lib/apk/db/installed": apk(("busybox", "1.37.0-r9"), ("libssl3", "3.0.8-r0", "openssl"))})
    return Image([base, top], ["ADD base", "RUN apk add libssl3"]).docker_archive(home / "vulnerable.tar")


@pytest.fixture(scope="session")
def old_debian(home: Path) -> Path:
    files = {"etc/os-release": DEBIAN_11, "var/lib/dpkg/status": dpkg(("openssl", "1.1.1n-0+deb11u5"))}
    return Image([layer(files)]).docker_archive(home / "debian.tar")


@pytest.fixture(scope="session")
def empty(home: Path) -> Path:
    return Image([layer({"app/main": "static"})]).docker_archive(home / "empty.tar")
