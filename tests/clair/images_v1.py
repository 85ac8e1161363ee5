"""Images for the first API of Clair, opened as the gate opens them, and how a test has them scanned."""

import uuid
from pathlib import Path
from typing import Any

import requests

from imagegate.backend.clair import v1
from imagegate.backend.clair.client import Access, Client
from imagegate.backend.clair.report import Addresses, Answered
from imagegate.backend.clair.serve import LayerServer, contents
from imagegate.model.image import OpenImage
from imagegate.source.opening import Options, open_image
from tests.images import Entry, Image, dpkg, file, layer
from tests.source.interests import EVERYTHING
from tests.source.opened import HOST

UBUNTU = 'NAME="Ubuntu"\nVERSION="12.04.5 LTS, Precise Pangolin"\nID=ubuntu\nPRETTY_NAME="Ubuntu precise"\nVERSION_ID="12.04"\n'
SYSTEM = [("bash", "4.2-2ubuntu2.6"), ("coreutils", "8.13-3ubuntu3.3"), ("dpkg", "1.16.1.2ubuntu7.8")]
SYSTEM += [("tar", "1.26-4ubuntu1.1")]
LIBC = ("libc6", "2.15-0ubuntu10.18", "eglibc (2.15-0ubuntu10.18)")  # its source has another name
OPENSSL = ("openssl", "1.0.1-4ubuntu5.11")
HEARTBLEED = {
    "Name": "CVE-2014-0160",
    "NamespaceName": "ubuntu:12.04",
    "Description": "OpenSSL 1.0.1 before 1.0.1g does not properly handle Heartbeat Extension packets.",
    "Link": "http://people.ubuntu.com/~ubuntu-security/cve/CVE-2014-0160",
    "Severity": "High",
    "Metadata": {"NVD": {"CVSSv2": {"Score": 5, "Vectors": "AV:N/AC:L/Au:N/C:P/I:N"}}},
    "FixedIn": [{"Name": "openssl", "NamespaceName": "ubuntu:12.04", "VersionFormat": "dpkg", "Version": "1.0.1-4ubuntu5.12"}],
}
TAR = {
    "Name": "CVE-2005-2541",
    "NamespaceName": "ubuntu:12.04",
    "Description": "Tar does not properly warn the user when extracting setuid or setgid files.",
    "Severity": "Negligible",
    "FixedIn": [{"Name": "tar", "NamespaceName": "ubuntu:12.04", "VersionFormat": "dpkg", "Version": "#MAXV#"}],
}


def heartbleed(**how: Any) -> Image:
    """Return two layers, the second of which brings openssl; another image each time, so that no Clair knows it yet."""
    base = layer({"etc/os-release": UBUNTU, "var/lib/dpkg/status": dpkg(*SYSTEM, LIBC)})
    top = layer({"var/lib/dpkg/status": dpkg(*SYSTEM, LIBC, OPENSSL), "etc/fresh": uuid.uuid4().hex})
    return Image([base, top], **how)


def single(files: dict[str, str]) -> Image:
    """Return an image of one layer, another one each time."""
    entries: list[Entry] = [file(name, text) for name, text in files.items()]
    return Image([layer([*entries, file("etc/fresh", uuid.uuid4().hex)])])


def opened(path: Path, image: Image, form: str = "docker") -> OpenImage:
    """Write an image as an archive, or as a layout with layers compressed by `form`, and open it to be handed out."""
    folder = path / uuid.uuid4().hex
    folder.mkdir()
    if form == "docker":
        reference = str(image.docker_archive(folder / "image.tar"))
    else:
        reference = f"oci:{image.oci(folder / 'layout', '' if form == 'plain' else form)}"
    return open_image(reference, EVERYTHING, Options(platform=HOST, offer=True))


def scan(access: Access, image: OpenImage, said: list[str] | None = None) -> tuple[Answered, LayerServer]:
    """Have the image scanned, its layers lent as the gate does; returns the server too, which is closed by then."""
    say = (said if said is not None else []).append
    client = Client(access, say)
    with LayerServer(contents(image), access.indexer, say) as server:
        return v1.scan(client, image, server), server


def scan_at(access: Access, image: OpenImage, addresses: Addresses, said: list[str] | None = None) -> Answered:
    return v1.scan(Client(access, (said if said is not None else []).append), image, addresses)


def learn(url: str, vulnerability: dict[str, Any]) -> None:
    """Post a vulnerability; a Clair that knows it already keeps it."""
    answer = requests.post(
        f"{url}/v1/namespaces/{vulnerability['NamespaceName']}/vulnerabilities", json={"Vulnerability": vulnerability}, timeout=30
    )
    assert answer.status_code == 201, answer.text


def told(answered: Answered, kind: str) -> list[tuple[str, str]]:
    """Return what was found and said of one kind of evidence."""
    every = (*answered.reading.evidence, *answered.evidence)
    return [(item.found, item.detail) for item in every if item.kind == kind]
