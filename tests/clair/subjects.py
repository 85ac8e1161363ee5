"""Images that a Clair recognises, opened as the backend opens them."""

from pathlib import Path

from imagegate.model.image import OpenImage, Platform
from imagegate.source.opening import Options, open_image
from tests.images import Image, dpkg, layer
from tests.source.interests import EVERYTHING

_PRECISE = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\nDISTRIB_DESCRIPTION='Ubuntu 12.04.5 LTS'\n"
_OS = 'NAME="Ubuntu"\nID=ubuntu\nPRETTY_NAME="Ubuntu precise (12.04.5 LTS)"\nVERSION_ID="12.04"\n'
_BASE = (("dpkg", "1.16.1.2ubuntu7.8"), ("libc6", "2.15-0ubuntu10.18", "eglibc"), ("tar", "1.26-4ubuntu1.1"))
OPENSSL = ("openssl", "1.0.1-4ubuntu5.11")


def _status(*packages: tuple[str, str] | tuple[str, str, str]) -> str:
    """Return a dpkg status file; it ends with an empty line, without which Clair does not see its last package."""
    return dpkg(*packages) + "\n"


def heartbleed(fresh: str = "", info: bool = True) -> Image:
    """Return Ubuntu 12.04 with openssl on top; without `info`, Clair v4 does not see the packages.

    `fresh` makes the layers new to a real Clair, which fetches none that it knows.
    """
    base = {"etc/os-release": _OS, "etc/lsb-release": _PRECISE, "var/lib/dpkg/status": _status(*_BASE), "etc/fresh": fresh}
    top = {"var/lib/dpkg/status": _status(*_BASE, OPENSSL), "etc/newer": fresh}
    if info:
        base["var/lib/dpkg/info/tar.list"] = "/bin/tar\n"
        top["var/lib/dpkg/info/openssl.list"] = "/usr/bin/openssl\n"
    return Image([layer(base), layer(top)], ("ADD precise in /", "RUN apt-get install -y openssl"), name="heartbleed:1")


def opened(path: str | Path) -> OpenImage:
    """Return the image with its layers on offer."""
    return open_image(str(path), EVERYTHING, Options(platform=Platform("linux", "amd64"), offer=True))
