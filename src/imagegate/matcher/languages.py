"""Which OSV ecosystem speaks about packages of a purl type that no distribution makes, and how much it should hold.

Types are those of the purl specification, ecosystems those of OSV's schema, "Defined ecosystems".
"""

# With how few records an ecosystem is far less than what is published: a cut or filtered copy, not the real thing.
_ECOSYSTEMS = {
    "bioconductor": ("Bioconductor", 1),
    "bitnami": ("Bitnami", 100),
    "cargo": ("crates.io", 100),
    "composer": ("Packagist", 100),
    "conan": ("ConanCenter", 1),
    "cran": ("CRAN", 1),
    "gem": ("RubyGems", 100),
    "ghc": ("GHC", 1),
    "golang": ("Go", 100),
    "hackage": ("Hackage", 10),
    "hex": ("Hex", 10),
    "maven": ("Maven", 100),
    "npm": ("npm", 100),
    "nuget": ("NuGet", 100),
    "pub": ("Pub", 1),
    "pypi": ("PyPI", 100),
    "swift": ("SwiftURL", 1),
}


def ecosystem_of_type(kind: str) -> str | None:
    """Return the ecosystem for a purl type, None where no advisories are known for it."""
    found = _ECOSYSTEMS.get(kind)
    return found[0] if found else None


def fewest_of_type(kind: str) -> int:
    """Return the number of records below which a store is no cover of the type's ecosystem; KeyError for others."""
    return _ECOSYSTEMS[kind][1]
