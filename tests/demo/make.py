"""Makes what `imagegate demo` shows: `python -m tests.demo.make`, from the repository's root.

The image is Ubuntu 12.04 as far as a scanner can tell: os-release and the package database, with the versions of
early April 2014. The advisories are the facts of USN-2165-1 and of CISA's catalogue.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tests.images import Image, dpkg, layer

Installed = tuple[str, str] | tuple[str, str, str]
FOLDER = Path(__file__).parents[2] / "src" / "imagegate" / "demo"
BASE: list[Installed] = [
    ("base-files", "6.5ubuntu6.7"),
    ("bash", "4.2-2ubuntu2.1"),
    ("coreutils", "8.13-3ubuntu3.2"),
    ("dpkg", "1.16.1.2ubuntu7.2"),
    ("libc6", "2.15-0ubuntu10.5", "eglibc"),
    ("tar", "1.26-4ubuntu1"),
    ("zlib1g", "1:1.2.3.4.dfsg-3ubuntu4", "zlib"),
]
OPENSSL: list[Installed] = [("libssl1.0.0", "1.0.1-4ubuntu5.11", "openssl"), ("openssl", "1.0.1-4ubuntu5.11")]
OS_RELEASE = """\
NAME="Ubuntu"
VERSION="12.04.4 LTS, Precise Pangolin"
ID=ubuntu
ID_LIKE=debian
PRETTY_NAME="Ubuntu precise (12.04.4 LTS)"
VERSION_ID="12.04"
"""


def image() -> bytes:
    """Return the docker archive."""
    layers = [
        layer({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": dpkg(*BASE)}),
        layer({"var/lib/dpkg/status": dpkg(*sorted([*BASE, *OPENSSL]))}),
    ]
    commands = ["ADD ubuntu-precise-core.tar.gz /", "RUN apt-get install -y openssl=1.0.1-4ubuntu5.11"]
    return layer(Image(layers, commands, name="heartbleed:demo").docker_members())


def record(cve: str, priority: str, scores: list[tuple[str, str]], summary: str) -> dict[str, Any]:
    """Return Ubuntu's advisory on a CVE that USN-2165-1 fixed."""
    return {
        "schema_version": "1.7.0",
        "id": f"UBUNTU-{cve}",
        "modified": "2014-04-07T21:00:00Z",
        "published": "2014-04-07T21:00:00Z",
        "upstream": [cve],
        "related": ["USN-2165-1"],
        "summary": summary,
        "severity": [{"type": "Ubuntu", "score": priority}, *({"type": kind, "score": vector} for kind, vector in scores)],
        "affected": [
            {
                "package": {
                    "ecosystem": "Ubuntu:12.04:LTS",
                    "name": "openssl",
                    "purl": "pkg:deb/ubuntu/openssl?arch=source&distro=precise",
                },
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.1-4ubuntu5.12"}]}],
            }
        ],
        "references": [{"type": "ADVISORY", "url": f"https://ubuntu.com/security/{cve}"}],
    }


RECORDS = [
    record(
        "CVE-2014-0160",
        "high",
        [("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:N/A:N"), ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N")],
        "Heartbleed: TLS heartbeats let anyone read the memory of a peer, private keys included",
    ),
    record(
        "CVE-2014-0076",
        "low",
        [("CVSS_V2", "AV:L/AC:M/Au:N/C:P/I:N/A:N")],
        "ECDSA nonces can be recovered by a local process that watches the cache",
    ),
]
EXPLOITED = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities (one entry)",
    "catalogVersion": "2022.05.04",
    "dateReleased": "2022-05-04T00:00:00Z",
    "count": 1,
    "vulnerabilities": [
        {"cveID": "CVE-2014-0160", "vulnerabilityName": "OpenSSL Information Disclosure Vulnerability", "dateAdded": "2022-05-04"}
    ],
}


def advisories() -> bytes:
    """Return the archive of the records, as the OSV bucket has one for each ecosystem."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for advisory in RECORDS:
            archive.writestr(zipfile.ZipInfo(f"{advisory['id']}.json"), json.dumps(advisory, indent=1))
    return out.getvalue()


def files() -> dict[str, bytes]:
    """Return the generated files by their path below the folder of the demo."""
    return {
        "heartbleed.tar": image(),
        "advisories/Ubuntu/all.zip": advisories(),
        "advisories/known_exploited_vulnerabilities.json": (json.dumps(EXPLOITED, indent=1) + "\n").encode(),
    }


if __name__ == "__main__":
    for name, data in files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(data)
