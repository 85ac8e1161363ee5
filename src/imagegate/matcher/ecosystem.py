"""Which OSV ecosystems speak about the packages of a distribution or a language, and how many records they should hold.

The forms are those of OSV's schema, "Defined ecosystems": `Debian:12`, `Ubuntu:22.04:LTS`, `Alpine:v3.19`, `Wolfi`,
`Rocky Linux:9`, `SUSE:Linux Enterprise Server 15 SP5`, `Red Hat:enterprise_linux:9::baseos`. The schema does not name
`Azure Linux:3`, which is what github.com/microsoft/AzureLinuxVulnerabilityData publishes and osv.dev takes over. OSV has
nothing for Fedora, Amazon and Oracle, and no archive of Photon OS, which the schema does name.
"""

import re
from collections.abc import Iterable

from imagegate.model.inventory import Distribution

# How few records of one release are far less than its publisher has, of those that have many times 100. In 2026 the
# archives of osv.dev held 23,961 records of Wolfi, 43,650 of Chainguard, 7,980 of the smallest release of Alpaquita and
# 5,402 of Azure Linux; of the smallest that are judged, AlmaLinux 10 had 660 and BellSoft's containers 25 had 345.
_FEWEST = {"Ubuntu": 200, "Wolfi": 5000, "Chainguard": 5000, "Alpaquita": 2000, "Azure Linux": 1000}
_BASES = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "alpine": "Alpine",
    "wolfi": "Wolfi",
    "chainguard": "Chainguard",
    "alpaquita": "Alpaquita",
    "bellsoft-hardened-containers": "BellSoft Hardened Containers",
    "rocky": "Rocky Linux",
    "almalinux": "AlmaLinux",
    "rhel": "Red Hat",
    "centos": "Red Hat",
    "sles": "SUSE",
    "opensuse-leap": "openSUSE",
    "opensuse-tumbleweed": "openSUSE",
    "openeuler": "openEuler",
    "mageia": "Mageia",
    "photon": "Photon OS",
    "azurelinux": "Azure Linux",
    "mariner": "Azure Linux",
}
# purl type: ecosystem, and how few records are far less than there are. Small ones are small on purpose.
_LANGUAGES = {
    "npm": ("npm", 100),
    "pypi": ("PyPI", 100),
    "gem": ("RubyGems", 100),
    "golang": ("Go", 100),
    "maven": ("Maven", 100),
    "composer": ("Packagist", 100),
    "cargo": ("crates.io", 100),
    "nuget": ("NuGet", 100),
    "bitnami": ("Bitnami", 100),
    "hex": ("Hex", 10),
    "pub": ("Pub", 5),
    "conan": ("ConanCenter", 1),
    "swift": ("SwiftURL", 10),
    "cran": ("CRAN", 1),
    "bioconductor": ("Bioconductor", 1),
    "hackage": ("Hackage", 10),
    "ghc": ("GHC", 1),
}
_PRODUCTS = ("", "::baseos", "::appstream", "::crb")  # of the repositories that UBI images use
# `openEuler 22.03 LTS`, `openEuler 22.03 (LTS-SP3)`, `openEuler 23.09`
_EULER = re.compile(r"openEuler (?P<version>\d+\.\d+)(?: \(?(?P<kind>LTS(?:-SP\d+)?)\)?)?\Z", re.IGNORECASE)
# Docker builds the packages of its images anew, in versions and under names of its own, and speaks of them itself
# (github.com/docker-hardened-images/advisories): PRETTY_NAME="Docker Hardened Images/Alpine Linux v3.24", ID=alpine.
_HARDENED = "Docker Hardened Images"


def base_of(distribution: Distribution) -> str:
    """Return the ecosystem without a release, which is also the name of its archive: `Debian`; "" where OSV has none."""
    if distribution.id in ("alpine", "debian") and distribution.pretty_name.startswith(f"{_HARDENED}/"):
        return _HARDENED
    return _BASES.get(distribution.id, "")


def ecosystems_of(distribution: Distribution, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every spelling of the release's ecosystem; () where there is none.

    Red Hat and SUSE have one ecosystem for each product, all of which are of the release: those of the `known`
    ecosystems (the ones that the store covers) that are of it are returned as well.
    """
    base, version = base_of(distribution), distribution.version
    if base in ("Wolfi", "Chainguard"):
        return (base,)
    if distribution.id == "opensuse-tumbleweed":
        return ("openSUSE:Tumbleweed",)
    if not version or not base:
        return ()
    if base == _HARDENED:  # osv.dev knows `…:Alpine:3.24`, `…:Debian:13` and `…:Debian:trixie`
        return tuple(f"{base}:{_BASES[distribution.id]}:{release}" for release in (version, distribution.codename) if release)
    if base == "Debian":  # records of releases before 7 say `Debian:6.0`
        return (f"Debian:{version}", f"Debian:{version}.0")
    if base == "Ubuntu":
        return (f"Ubuntu:{version}", f"Ubuntu:{version}:LTS")
    if base == "Alpine":
        return (f"Alpine:v{version}",)
    if base == "openSUSE":
        return (f"openSUSE:Leap {version}",)
    if base == "openEuler":
        named = _EULER.match(distribution.pretty_name)
        return (f"openEuler:{version}" + (f"-{named['kind'].upper()}" if named["kind"] else ""),) if named else ()
    if base in ("Red Hat", "SUSE"):
        plain = _red_hat(distribution) if base == "Red Hat" else (f"SUSE:Linux Enterprise Server {_service_pack(version)}",)
        return plain and (*plain, *sorted(_more(distribution, known, subscribed=False) - {*plain}))
    return (f"{base}:{version}",)


def subscription_ecosystems_of(distribution: Distribution, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the ecosystems of updates to the release that only those get who pay for them; `known` as above.

    Ubuntu Pro, Red Hat's extended life cycle support, SUSE's LTSS. They speak of the packages of everybody: what is
    below their bound is vulnerable for whoever did not pay, who has no fix. So a record's entries here count where it
    has none for the package in `ecosystems_of`, or where the installed version `is_subscribed`; what they name as
    fixed is a fix only for the latter. Red Hat's support of minor releases (rhel_eus, rhel_aus, rhel_e4s, rhel_tus)
    is left out: the main stream's records speak of the same, and what was fixed only there is shown as vulnerable.
    """
    base, version = base_of(distribution), distribution.version
    if base == "Ubuntu" and version:
        return (f"Ubuntu:Pro:{version}:LTS", f"Ubuntu:Pro:{version}")
    return tuple(sorted(_more(distribution, known, subscribed=True))) if base in ("Red Hat", "SUSE") and version else ()


def is_subscribed(version: str) -> bool:
    """Return whether a version was built for those who pay: `2.27-3ubuntu1.6+esm1`, `1.2-1ubuntu0.1~esm2`."""
    return re.search(r"[+~.]esm\d", version) is not None


def archives() -> tuple[str, ...]:
    """Return the names of all archives of advisories that can be of use, sorted; some of them may not be published."""
    systems = {base for base in _BASES.values() if base}
    return tuple(sorted({*systems, _HARDENED, *(name for name, _ in _LANGUAGES.values())}))


def fewest_records(distribution: Distribution) -> int:
    """Return the number of records below which a store is not a cover of the release."""
    return _FEWEST.get(base_of(distribution), 100)


def ecosystem_of_type(kind: str) -> str | None:
    """Return the ecosystem of a purl type of a language, None where OSV has none."""
    return _LANGUAGES[kind][0] if kind in _LANGUAGES else None


def fewest_of_type(kind: str) -> int:
    """Return the number of records below which a store is not a cover of a language; raises KeyError as above is None."""
    return _LANGUAGES[kind][1]


def _red_hat(distribution: Distribution) -> tuple[str, ...]:
    """CentOS Linux was built from the sources of RHEL; CentOS Stream comes before it, and nobody writes about it."""
    if distribution.id == "centos" and (distribution.version not in "5678" or "stream" in distribution.pretty_name.lower()):
        return ()
    return tuple(f"Red Hat:enterprise_linux:{distribution.version}{product}" for product in _PRODUCTS)


def _service_pack(version: str) -> str:
    """Return how SUSE names a version: `15 SP5` for `15.5`, `16.0` as it is."""
    major, _, pack = version.partition(".")
    if major.isdigit() and int(major) >= 16:
        return version
    return f"{major} SP{pack}" if pack not in ("", "0") else major


def _more(distribution: Distribution, known: Iterable[str], *, subscribed: bool) -> set[str]:
    """Return those of the known ecosystems that are products of the release: the base system, modules, long support."""
    version = distribution.version
    if base_of(distribution) == "Red Hat":
        if not _red_hat(distribution):
            return set()
        product = "rhel_els" if subscribed else "enterprise_linux"
        pattern = rf"Red Hat:{product}:{re.escape(version)}(\.\d+)?(::.*)?"
    else:
        pack, support = re.escape(_service_pack(version)), "-(LTSS|ESPOS|TERADATA)[^ ]*"
        long = rf"(.*(LTSS|ESPOS|TERADATA).* {pack}({support})?|.* {pack}{support})"
        pattern = rf"SUSE:{long}" if subscribed else rf"SUSE:(?!.*(LTSS|ESPOS|TERADATA)).* {pack}"
    compiled = re.compile(pattern)
    return {ecosystem for ecosystem in known if compiled.fullmatch(ecosystem)}
