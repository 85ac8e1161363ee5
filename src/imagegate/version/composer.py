"""The order of PHP's packages: VersionParser::normalize of composer/semver, then PHP's version_compare().

Sources: composer/semver, src/VersionParser.php; php-src, ext/standard/versioning.c. Branches (`dev-main`) have no place
in the order: they are not readable, and come before all versions.
"""

import re

from imagegate.version.keys import Key, by_key, number

_STABILITY = r"[._-]?(?:(?P<word>stable|beta|b|rc|alpha|a|patch|pl|p)(?P<count>(?:[.-]?\d+)*+)?)?(?P<dev>[.-]?dev)?\Z"
_FLAGS = re.ASCII | re.IGNORECASE
_CLASSIC = re.compile(r"v?(?P<numbers>\d{1,5}(?:\.\d+){0,3})" + _STABILITY, _FLAGS)
_DATE = re.compile(r"v?(?P<numbers>\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3}){0,2})" + _STABILITY, _FLAGS)
_BRANCH = re.compile(r"v?(?P<numbers>\d+(?:\.(?:\d+|[x*])){0,3})[.-]?dev\Z", _FLAGS)
_WITHOUT = re.compile(r"(?: +as +[^,\s]+|@(?:stable|rc|beta|alpha|dev)|\+\S+)\Z", _FLAGS)
_DIGITS = re.compile(r"\d+", re.ASCII)
# version_compare(): the end of a version stands between the words before a release and the numbers.
_DEV, _ALPHA, _BETA, _RC, _END, _NUMBER, _PATCH = range(7)
_WORDS = {"a": _ALPHA, "alpha": _ALPHA, "b": _BETA, "beta": _BETA, "rc": _RC, "p": _PATCH, "pl": _PATCH, "patch": _PATCH}
_HIGHEST = "9999999"  # the number that Composer gives to the x of `1.x-dev`


def valid(version: str) -> bool:
    """Return whether Composer would take this as a version, and not as the name of a branch."""
    return len(_key(version)) == 2


readable = valid


def _key(version: str) -> Key:
    text = version.strip()
    if len(text) > 1000:
        return 0, version, ()
    for _ in range(3):
        text = _WITHOUT.sub("", text)
    if match := _CLASSIC.match(text):
        return 1, _tokens(match, 4)
    if match := _DATE.match(text):
        return 1, _tokens(match, 0)
    if match := _BRANCH.match(text):
        numbers = match["numbers"].lower().replace("x", _HIGHEST).replace("*", _HIGHEST).split(".")
        numbers += [_HIGHEST] * (4 - len(numbers))
        return 1, (*((_NUMBER, *number(digits)) for digits in numbers), (_DEV,), (_END,))
    return 0, version, ()


def _tokens(match: re.Match[str], size: int) -> Key:
    tokens: list[Key] = [(_NUMBER, *number(digits)) for digits in _DIGITS.findall(match["numbers"])]
    tokens += [(_NUMBER, 0, "")] * (size - len(tokens))
    word = (match["word"] or "").lower()
    if word in _WORDS:
        tokens.append((_WORDS[word],))
        tokens += [(_NUMBER, *number(digits)) for digits in _DIGITS.findall(match["count"] or "")]
    if match["dev"] and word != "stable":
        tokens.append((_DEV,))
    return (*tokens, (_END,))


compare = by_key(_key)
