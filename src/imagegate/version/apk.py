"""The order of Alpine package versions: apk-tools 3, doc/apk-package.5.scd ("pkgver") and src/version.c.

A version is numbers, an optional letter, suffixes with optional numbers, an optional commit hash and a revision.
Records of the distributions hold some that are not (`8u372_p7-r0`): they are compared as far as they can be read,
and what is meant as a revision is taken as one (`10.2.22.r0`).
"""

import re
from functools import lru_cache

_VALID = re.compile(
    r"\d+(\.\d+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*(~[0-9a-f]+)?(-r\d+)?\Z",
    re.ASCII,
)
_TOKEN = re.compile(
    r"(?P<digit>\d+)|\.(?P<dotted>\d+)|(?P<letter>[a-z])|_(?P<suffix>[a-z]+)(?P<number>\d*)"
    r"|~(?P<hash>[0-9a-f]+)|[-.]r(?P<revision>\d+)|(?P<other>.)",
    re.ASCII | re.DOTALL,
)
# The rank of a kind decides where one version stops and the other goes on: see compare().
_INITIAL, _DIGIT, _LETTER, _SUFFIX, _SUFFIX_NUMBER, _HASH, _REVISION, _END, _OTHER = range(9)
_SUFFIXES = {name: rank for rank, name in enumerate(("alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"))}
_RELEASE = _SUFFIXES[""]

Token = tuple[int, int | str]


def valid(version: str) -> bool:
    """Return whether apk would accept the version."""
    return bool(_VALID.match(version))


def readable(version: str) -> bool:
    """Return whether the version begins with a number and is made of parts that have a rank, in whatever order."""
    tokens = _tokens(version)
    return tokens[0][0] == _INITIAL and all(kind != _OTHER for kind, _ in tokens)


def compare(left: str, right: str) -> int:
    """Return a negative number, 0 or a positive number as `left` is earlier, equal or later."""
    if left == right:
        return 0
    for left_token, right_token in zip(_tokens(left), _tokens(right), strict=False):
        if left_token == right_token:
            continue
        left_kind, left_value = left_token
        right_kind, right_value = right_token
        if left_kind == right_kind:
            if order := _compare_values(left_kind, left_value, right_value):
                return order
            continue
        # One version goes on where the other does not: it is later, unless what follows marks a pre-release.
        if _is_prerelease(left_token):
            return -1
        if _is_prerelease(right_token):
            return 1
        return right_kind - left_kind
    return 0


def _compare_values(kind: int, left: int | str, right: int | str) -> int:
    if kind == _DIGIT and (str(left)[:1] == "0" or str(right)[:1] == "0"):
        return (str(left) > str(right)) - (str(left) < str(right))  # a fraction: 1.05 < 1.1
    if kind in (_INITIAL, _DIGIT, _SUFFIX_NUMBER, _REVISION):
        left, right = str(left).lstrip("0"), str(right).lstrip("0")
        return len(left) - len(right) or (left > right) - (left < right)
    return (left > right) - (left < right)  # type: ignore[operator]


def _is_prerelease(token: Token) -> bool:
    return token[0] == _SUFFIX and isinstance(token[1], int) and token[1] < _RELEASE


def _tokens(version: str) -> tuple[Token, ...]:
    return _cached(version) if len(version) < 100 else _read(version)  # so that the cache stays small


@lru_cache(maxsize=4096)
def _cached(version: str) -> tuple[Token, ...]:
    return _read(version)


def _read(version: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(version):
        kind, text = match.lastgroup, match.group(match.lastgroup or 0)
        if match.group("suffix") is not None:
            rank = _SUFFIXES.get(match.group("suffix"))
            tokens.append((_OTHER, match.group("suffix")) if rank is None else (_SUFFIX, rank))
            if match.group("number"):
                tokens.append((_SUFFIX_NUMBER, match.group("number")))
        elif kind == "digit":
            tokens.append((_DIGIT if tokens else _INITIAL, text))
        else:
            kinds = {"dotted": _DIGIT, "letter": _LETTER, "hash": _HASH, "revision": _REVISION}
            tokens.append((kinds.get(kind or "", _OTHER), text))
    tokens.append((_END, ""))
    return tuple(tokens)
