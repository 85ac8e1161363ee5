"""How the packages of an ecosystem are called where case or punctuation do not matter: one spelling for each."""

import re

_RUN = re.compile(r"[-_.]+")
# Composer, Hex and NuGet compare names without regard to case (getcomposer.org, "Schema"; hex.pm allows small letters
# only; learn.microsoft.com, "NuGet package ID"; github.com); PyPI as PEP 503 says. All others are exact.
_FOLDED = ("Packagist", "Hex", "NuGet", "SwiftURL")


def canonical(ecosystem: str, name: str) -> str:
    """Return the spelling under which the store keeps a package of an OSV ecosystem."""
    base = ecosystem.partition(":")[0]
    if base == "PyPI":
        return _RUN.sub("-", name).lower()
    return name.lower() if base in _FOLDED else name
