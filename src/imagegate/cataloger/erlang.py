"""Erlang and Elixir applications, from the resource files `ebin/*.app` of releases and installations.

Format: Erlang/OTP, "app" in the reference manual of the kernel application. The applications of OTP and of Elixir itself are
not on Hex: they have the purl type `otp`, and are known by their names, those of the folder `lib` of both source trees.
Any other application is taken for the Hex package of its name.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, parsed
from imagegate.model.image import Content

_OTP = frozenset(
    re.findall(
        r"\w+",
        """asn1 common_test compiler cosEvent cosEventDomain cosFileTransfer cosNotification cosProperty cosTime cosTransactions
        crypto debugger dialyzer diameter edoc eldap erl_docgen erl_interface erts et eunit ftp gs hipe ic inets inviso jinterface
        kernel megaco mnesia observer odbc orber os_mon ose otp_mibs parsetools percept public_key reltool runtime_tools sasl snmp
        ssh ssl stdlib syntax_tools test_server tftp toolbar tools typer webtool wx xmerl eex elixir ex_unit iex logger mix""",
    )
)
_PIECE = re.compile(
    r"%[^\n]*"  # a comment
    r"|\"(?:[^\"\\]|\\.)*+\"?"  # a text, which may hold what looks like the others, to the end where it is not closed
    r"|\{\s*(application)\s*,\s*(?:'([^'\\\n]{1,200})'|([a-z][\w@]{0,199}))\s*,"
    r"|\{\s*vsn\s*,\s*\"([^\"\\\n]{0,200})\"",
    re.DOTALL,
)


class Erlang:
    """See interface.FileCataloger."""

    name = "erlang"
    names: tuple[str, ...] = ()
    endings = (".app",)
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.endswith(".app") and "/ebin/" in f"/{path}"

    def look(self, path: str, content: Content) -> Sightings:  # noqa: ARG002
        """See FileCataloger.look."""
        return parsed(content, _parse, "hex")


def _parse(text: str, finds: Finds) -> None:
    name = version = ""
    for piece in _PIECE.finditer(text):
        name = name or piece[2] or piece[3] or ""
        version = version or piece[4] or ""
    finds.add(name, version, kind="otp" if name in _OTP else "hex")
