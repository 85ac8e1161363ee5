"""Which OSV ecosystems speak about the packages of a distribution, and how many records they should hold.

The forms are those of OSV's schema, "Defined ecosystems": `Debian:12`, `Ubuntu:22.04:LTS`, `Alpine:v3.19`, `Wolfi`.
"""

from imagegate.model.inventory import Distribution

# How few records of one release are far less than its publisher has: each of them publishes thousands a year for
# the rolling ones and several hundred in the life of a release for the others.
_FEWEST = {
    "Debian": 100,
    "Ubuntu": 200,
    "Alpine": 100,
    "Wolfi": 2000,
    "Chainguard": 2000,
    "Alpaquita": 1000,
    "BellSoft Hardened Containers": 100,
}
_BASES = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "alpine": "Alpine",
    "wolfi": "Wolfi",
    "chainguard": "Chainguard",
    "alpaquita": "Alpaquita",
    "bellsoft-hardened-containers": "BellSoft Hardened Containers",
}


def base_of(distribution: Distribution) -> str:
    """Return the ecosystem without a release, which is also the name of its archive: `Debian`."""
    return _BASES[distribution.id]


def ecosystems_of(distribution: Distribution) -> tuple[str, ...]:
    """Return every spelling of the release's ecosystem; () where the release is not known."""
    base, version = base_of(distribution), distribution.version
    if base in ("Wolfi", "Chainguard"):
        return (base,)
    if not version:
        return ()
    if base == "Debian":  # records of releases before 7 say `Debian:6.0`
        return (f"Debian:{version}", f"Debian:{version}.0")
    if base == "Ubuntu":
        return (f"Ubuntu:{version}", f"Ubuntu:{version}:LTS")
    if base == "Alpine":
        return (f"Alpine:v{version}",)
    return (f"{base}:{version}",)


def fewest_records(distribution: Distribution) -> int:
    """Return the number of records below which a store is not a cover of the release."""
    return _FEWEST[base_of(distribution)]
