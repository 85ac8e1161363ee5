"""Packages of R, in descriptions as Debian's r-cran-digest 0.6.31-1 and r-bioc-biocgenerics 0.44.0-2 bring them (shortened)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.r import R
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked

DIGEST = """Package: digest
Author: Dirk Eddelbuettel <edd@debian.org> with contributions
 by Antoine Lucas, Jarek Tuszynski, Henrik Bengtsson, Simon Urbanek,
 Version: 9.9 of nothing.
Version: 0.6.31
Depends: R (>= 3.3.0)
NeedsCompilation: yes
Repository: CRAN
Built: R 4.2.2; x86_64-pc-linux-gnu; 'Mon, 12 Dec 2022 17:25:54 -0600'; unix
"""
GENERICS = """Package: BiocGenerics
biocViews: Infrastructure
Version: 0.44.0
git_url: https://git.bioconductor.org/packages/BiocGenerics
Built: R 4.2.2; ; 'Wed, 23 Nov 2022 11:30:29 +0100'; unix
"""
PATH = "usr/lib/R/site-library/{}/DESCRIPTION"


def test_packages_of_cran_and_bioconductor_are_told_apart() -> None:
    found = checked(R(), PATH.format("digest"), DIGEST)
    assert [package.purl for package in found.packages] == ["pkg:cran/digest@0.6.31"]
    found = checked(R(), PATH.format("BiocGenerics"), GENERICS)
    assert [package.purl for package in found.packages] == ["pkg:bioconductor/BiocGenerics@0.44.0"]
    assert checked(R(), PATH.format("x"), GENERICS + "Repository: CRAN\n").packages[0].type == "cran"


def test_what_is_part_of_r_itself_is_in_no_repository() -> None:
    found = checked(
        R(), "usr/lib/R/library/stats/DESCRIPTION", "Package: stats\nVersion: 4.2.2\nPriority: base\nBuilt: R 4.2.2\n"
    )
    assert (found.packages, found.problems) == ([], [])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [(DIGEST.partition("Built")[0], ["warn"]), ("", ["fail"]), ("Built: x\nPackage: a\n", ["fail"]), ("\x00" * 9, ["fail"])],
)
def test_in_a_library_nothing_is_passed_over(text: str, kinds: list[str]) -> None:
    found = checked(R(), "opt/R/library/x/DESCRIPTION", text)
    assert found.packages == []
    assert [kind for kind, _ in found.problems] == kinds


def test_sources_are_not_installed_packages() -> None:
    found = checked(R(), "home/me/digest/DESCRIPTION", DIGEST.partition("Built")[0])
    assert (found.packages, found.problems) == ([], [])


@given(st.text() | st.text(alphabet="Packge: VrsionBult\n1."))
def test_any_text_is_answered(text: str) -> None:
    checked(R(), PATH.format("x"), text + "\nBuilt: x\n")


def test_a_renv_library_is_read_too() -> None:
    assert known(checked(R(), "app/renv/library/R-4.2/x86_64-pc-linux-gnu/digest/DESCRIPTION", DIGEST)) == [("digest", "0.6.31")]
