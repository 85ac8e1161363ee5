"""Package databases of GHC, as Debian's ghc 9.0.2 and libghc-random-dev 1.2.1.1 bring them (shortened)."""

from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.haskell import Haskell
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked

RANDOM = """name:                 random
version:              1.2.1.1
visibility:           public
id:                   random-1.2.1.1-C39Bl6vCcFv5bcBncES6Ba
description:
    This package provides basic pseudo-random number generation

    name: other
depends:
    base-4.15.1.0 bytestring-0.10.12.1
"""
PATH = "var/lib/ghc/package.conf.d/{}.conf"


def test_a_library_is_a_package_of_hackage() -> None:
    assert [package.purl for package in checked(Haskell(), PATH.format("x"), RANDOM).packages] == ["pkg:hackage/random@1.2.1.1"]


def test_the_compiler_is_known_by_its_own_library() -> None:
    found = checked(Haskell(), PATH.format("ghc-9.0.2"), "name:                 ghc\nversion:              9.0.2\n")
    assert [(package.type, package.purl) for package in found.packages] == [("generic", "pkg:generic/ghc@9.0.2")]


def test_a_part_of_a_package_is_the_package() -> None:
    text = "name: z-attoparsec-z-internal\nversion:\n    0.14.4\npackage-name: attoparsec\nlib-name: internal\n"
    assert known(checked(Haskell(), "root/.cabal/store/ghc-9.0.2/package.db/x.conf", text)) == [("attoparsec", "0.14.4")]


def test_a_damaged_entry_is_reported() -> None:
    for text in ("", "name: a\n", "version: 1\n", "\x00\xff", "name: a b\nversion: \u202e\n"):
        assert [kind for kind, _ in checked(Haskell(), PATH.format("a"), text).problems] == ["fail"]


@given(st.text(alphabet="name:vrsio \n1-"))
def test_any_text_is_answered(text: str) -> None:
    checked(Haskell(), PATH.format("x"), text)


def test_other_configuration_is_not_wanted() -> None:
    assert not Haskell().wants("etc/nginx/nginx.conf")
