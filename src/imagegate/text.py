"""Makes text harmless that was read from an image, a report or an advisory.

Such text is hostile: it may hold terminal escapes, bidirectional overrides or line breaks that forge a log line.
It is cleaned once, where it enters the model; every report format then escapes for itself with a real encoder.
"""

import unicodedata

LONGEST = 2000
_VISIBLE = {"\r": "\\r", "\n": "\\n", "\t": " "}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, bidi, surrogate, private, unassigned, separators


def clean(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, with control and bidi characters as visible escapes, cut at `longest`."""
    if text.isprintable():  # nearly every text: nothing hidden counts as printable
        return text if len(text) <= longest else text[: longest - 1] + "…"
    shown = "".join(_harmless(char) for char in text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _harmless(char: str) -> str:
    if char in _VISIBLE:
        return _VISIBLE[char]
    return f"\\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN else char


def decode(data: bytes) -> str:
    """Return bytes as text; what is not UTF-8 becomes a replacement character, never an error."""
    return data.decode("utf-8", "replace")
