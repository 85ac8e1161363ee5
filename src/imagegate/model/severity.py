"""Severity: six ordered steps, and how the words of vendors map onto them."""

from enum import IntEnum


class Severity(IntEnum):
    """Ordered: unknown < negligible < low < medium < high < critical."""

    UNKNOWN = 0
    NEGLIGIBLE = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """The lower-case name that policies and reports use."""
        return _IN_ORDER[self]  # reports ask seven times for each finding, and a name of an enumeration is slow


_IN_ORDER = tuple(severity.name.lower() for severity in Severity)
WORDS = {severity.word: severity for severity in Severity}

# Words that vendors use beside the six: GitHub (moderate), Debian's and Ubuntu's trackers, Red Hat, Go, RustSec.
_VENDOR_WORDS = WORDS | {
    "moderate": Severity.MEDIUM,
    "important": Severity.HIGH,
    "urgent": Severity.CRITICAL,
    "unimportant": Severity.NEGLIGIBLE,
    "minor": Severity.LOW,
    "none": Severity.NEGLIGIBLE,
}


def of_word(word: str) -> Severity:
    """Return the severity that a vendor's word means; `UNKNOWN` for a word that nobody told us."""
    return _VENDOR_WORDS.get(word.strip().lower(), Severity.UNKNOWN)


def of_score(score: float) -> Severity:
    """Return the band of a CVSS base score (qualitative scale of CVSS v3.1 and v4.0; v2 scores use it too)."""
    if score >= 9.0:
        return Severity.CRITICAL
    if score >= 7.0:
        return Severity.HIGH
    if score >= 4.0:
        return Severity.MEDIUM
    return Severity.LOW if score > 0 else Severity.NEGLIGIBLE
