"""The order of Ruby's gems: Gem::Version (RubyGems, lib/rubygems/version.rb).

A version is numbers and words in turn; a word marks a pre-release and comes before a number, and what is absent is 0.
`-` stands for `.pre.`. A platform behind a version (`1.13.8-java`, `1.18.9-x86_64-linux-gnu`) is no part of it.
"""

import re

from imagegate.version.keys import Key, by_key, number

_VALID = re.compile(r"\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\Z", re.ASCII)
_READABLE = re.compile(r"\d[0-9A-Za-z.-]*\Z", re.ASCII)
# Gem::Platform: the names of processors and of systems that gems are built for.
_PLATFORM = re.compile(
    r"-(?:java|jruby|dalvik\d*|dotnet[\d.]*|mswin(?:32|64)?|mingw32|"
    r"(?:x86|i[3-6]86|x86_64|x64|amd64|aarch64|arm64|arm|armv\d\w*|universal|powerpc\d*|ppc\w*|s390x|riscv64|loongarch64)"
    r"-(?:linux|darwin|freebsd|openbsd|netbsd|solaris|aix|cygwin|mingw|mswin|unknown)[\w.-]*)\Z",
    re.ASCII,
)
_SEGMENT = re.compile(r"(\d+)|([A-Za-z]+)", re.ASCII)
# At one place: a word, zeros before a word, the end (zeros for ever), zeros before a number, a number.
_WORD, _ZEROS_WORD, _END, _ZEROS_NUMBER, _NUMBER = range(5)


def valid(version: str) -> bool:
    """Return whether RubyGems would accept the version."""
    return bool(_VALID.match(version))


def readable(version: str) -> bool:
    """Return whether the version, without its platform, is made of numbers and words."""
    return bool(_READABLE.match(_without_platform(version).strip()))


def _without_platform(version: str) -> str:
    name, dash, rest = version.partition("-")
    return name if dash and len(rest) < 100 and _PLATFORM.match(dash + rest) else version


def _key(version: str) -> Key:
    segments = _SEGMENT.findall(_without_platform(version).replace("-", ".pre."))
    first_word = next((index for index, (digits, _) in enumerate(segments) if not digits), len(segments))
    end = first_word
    while end and not segments[end - 1][0].strip("0"):  # 1.0.a is 1.a
        end -= 1
    del segments[end:first_word]
    key: list[Key] = []
    zeros = 0
    for digits, word in segments:
        if digits and not digits.strip("0"):
            zeros += 1
            continue
        if zeros:  # the more zeros before it, the nearer to the end
            key.append((_ZEROS_NUMBER, -zeros) if digits else (_ZEROS_WORD, zeros))
            zeros = 0
        key.append((_NUMBER, *number(digits)) if digits else (_WORD, word))
    return (*key, (_END,))


compare = by_key(_key)
