"""A package of rpm as its header tells of it: names, versions, source, files, and who made it."""

from collections.abc import Callable
from typing import NamedTuple

from imagegate.cataloger.rpm import header
from imagegate.cataloger.rpm.header import Damaged, Header
from imagegate.model.inventory import Distribution, Location, Package, package_url
from imagegate.model.releases import FAMILIES

# What the distributions write into the VENDOR of their packages, as `rpm -qi` shows it on systems of theirs and their
# spec files have it. Amazon's first is of Amazon Linux 1; Rocky's second of its first years.
_VENDORS = {
    "almalinux": ("almalinux",),
    "amzn": ("amazon.com", "amazon linux"),
    "azurelinux": ("microsoft corporation",),
    "centos": ("centos",),
    "fedora": ("fedora project",),
    "mariner": ("microsoft corporation",),
    "ol": ("oracle america",),
    "openeuler": ("http://openeuler.org",),
    "opensuse-leap": ("opensuse", "suse llc <https://www.suse.com/>"),
    "opensuse-tumbleweed": ("opensuse",),
    "photon": ("vmware, inc.",),
    "rhel": ("red hat, inc.",),
    "rocky": ("rocky enterprise software foundation", "rocky"),
    "sles": ("suse llc <https://www.suse.com/>",),
}
# The namespaces that the publishers of advisories and other tools use where they are not the ID of os-release.
_NAMESPACES = {"rhel": "redhat", "sles": "suse", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse"}
_BUILDERS = ("azurelinux", "mariner")  # whose vendor also publishes packages that are not of the distribution


class Entry(NamedTuple):
    """What a header says of a package, made harmless; `epoch` is "" where there is none or it is 0."""

    name: str
    epoch: str
    version: str
    arch: str
    source: str
    module: str


def entry(one: Header, lost: Callable[[str], None]) -> Entry | None:
    """Return what a header says, None where it is no package; what is missing is noted. Raises Damaged."""
    name, version, release = one.text(header.NAME), one.text(header.VERSION), one.text(header.RELEASE)
    if not name or not version or not release:
        lost("a package without a name" if not name else f"{name} has no version" if not version else f"{name} has no release")
        return None
    epoch = one.numbers(header.EPOCH)
    if header.EPOCH in one.tags and not epoch:
        lost(f"the epoch of {name} is damaged")
    return Entry(
        name,
        str(epoch[0]) if epoch and epoch[0] else "",
        f"{version}-{release}",
        one.text(header.ARCH),
        one.text(header.SOURCERPM),
        one.text(header.MODULARITYLABEL),
    )


def source_of(package: str) -> tuple[str, str]:
    """Return name and version of a source package: `bash-5.1.8-6.el9.src.rpm`; empty where it is not one."""
    base = package.removesuffix(".rpm").removesuffix(".nosrc").removesuffix(".src")
    parts = base.rsplit("-", 2)
    return (parts[0], f"{parts[1]}-{parts[2]}") if base != package and len(parts) == 3 and all(parts) else ("", "")


def package(entry: Entry, epoch: str, distribution: Distribution | None, location: Location) -> Package:
    """Return the package; `epoch` is that of its source.

    The name of a source package does not tell its epoch, and subpackages with versions of their own have their own
    epochs: it is that of a package of the same source which has its version. Where there is none it is taken as 0.
    """
    of_rpm = distribution is not None and FAMILIES[distribution.id].database == "rpm"
    namespace = _NAMESPACES.get(distribution.id, distribution.id) if distribution and of_rpm else ""
    purl = package_url(
        "rpm",
        namespace,
        entry.name,
        entry.version,
        {
            "arch": entry.arch,
            "distro": f"{distribution.id}-{distribution.version}" if distribution and of_rpm and distribution.version else "",
            "epoch": entry.epoch,
            "rpmmod": entry.module,
        },
    )
    version = _with(entry.epoch, entry.version)
    source, source_version = source_of(entry.source)
    if not source:
        source, source_version = entry.name, version
    else:
        source_version = _with(entry.epoch if source_version == entry.version else epoch, source_version)
    return Package("rpm", entry.name, version, purl, (location,), source, source_version)


def _with(epoch: str, version: str) -> str:
    return f"{epoch}:{version}" if epoch else version


def paths(one: Header, names: frozenset[bytes]) -> set[bytes]:
    """Return those files of a package, without the slash in front, whose last part is one of the names."""
    bases, folders, indexes = one.texts(header.BASENAMES), one.texts(header.DIRNAMES), one.numbers(header.DIRINDEXES)
    if names.isdisjoint(bases) or len(bases) != len(indexes):
        return {path.lstrip(b"/") for path in one.texts(header.OLDFILENAMES)}
    return {
        (folders[index] + base).lstrip(b"/")
        for base, index in zip(bases, indexes, strict=True)
        if base in names and index < len(folders) and len(folders[index]) < 4096  # PATH_MAX of Linux
    }


def is_own(entry: Entry, one: Header, distribution: Distribution | None) -> bool:
    """Return whether the distribution made the package, as far as the package tells."""
    if distribution is None:
        return False
    try:
        vendor = one.text(header.VENDOR).lower()
    except Damaged:
        return False
    tagged = distribution.id not in _BUILDERS or any(mark in entry.version for mark in (".cm", ".azl"))
    return vendor in _VENDORS.get(distribution.id, ()) and tagged
