"""Locks of Mix and Rebar.

Formats: elixir-lang/elixir, lib/mix/lib/mix/dep/lock.ex; erlang/rebar3, apps/rebar/src/rebar_config.erl.
"""

import re

from imagegate.cataloger.records import Finds, Unreadable

_MIX = re.compile(
    r'^[ \t]*(?:%\{[ \t]*)?"([^"\n]{1,200})":[ \t]*\{:(\w+),[ \t]*(?::"?([\w-]+)"?,[ \t]*"([^"\n]+)")?', re.MULTILINE
)
_REBAR = re.compile(r'\{<<"([^"\n]{1,200})">>,\s*\{(\w+),(?:\s*<<"([^"\n]+)">>,\s*<<"([^"\n]+)">>)?')


def mix(text: str, finds: Finds) -> None:
    """Read mix.lock. It does not say what is for development."""
    if "%{" not in text:
        raise Unreadable("it is not a lock of Mix")
    _add(_MIX, "hex", text, finds)


def rebar(text: str, finds: Finds) -> None:
    """Read rebar.lock."""
    if "[" not in text:
        raise Unreadable("it is not a lock of Rebar")
    _add(_REBAR, "pkg", text.partition("{pkg_hash,")[0], finds)


def _add(form: re.Pattern[str], source: str, text: str, finds: Finds) -> None:
    for entry in form.finditer(text):
        if entry[2] == source:
            finds.add(entry[3], entry[4])
        elif entry[2] != "path":  # a folder of the application
            finds.lost(f"{entry[1]}: it comes from a repository, without a version")
