"""Applications of Erlang and Elixir: `asn1` as Erlang/OTP 25 brings it, `p1_utils` as Debian packs it (shortened)."""

from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.erlang import Erlang
from tests.cataloger.contents import known
from tests.cataloger.locked_samples import checked

ASN1 = """{application, asn1,
 [{description, "The Erlang ASN1 compiler version 5.0.21"},
  {vsn, "5.0.21"},
  {modules, [
        asn1rt_nif
             ]},
  {applications, [kernel, stdlib]},
  {runtime_dependencies, ["stdlib-3.13","kernel-7.0","erts-11.0"]}
  ]}.
"""
UTILS = '{application,p1_utils,\n  [{description,"Erlang utility modules from ProcessOne"},\n   {vsn,"1.0.25"}]}.\n'
PATH = "usr/lib/erlang/lib/{0}/ebin/{0}.app"


def test_applications_of_otp_and_elixir_are_not_taken_for_packages_of_hex() -> None:
    assert [package.purl for package in checked(Erlang(), PATH.format("asn1"), ASN1).packages] == ["pkg:otp/asn1@5.0.21"]
    mix = '{application,mix,[{vsn,"1.14.0"}]}.'
    assert checked(Erlang(), "app/lib/mix-1.14.0/ebin/mix.app", mix).packages[0].type == "otp"


def test_packages_of_hex_are_seen_in_releases_and_among_those_of_otp() -> None:
    for path in ("usr/lib/erlang/lib/p1_utils-1.0.25/ebin/p1_utils.app", "app/lib/p1_utils-1.0.25/ebin/p1_utils.app"):
        assert [package.purl for package in checked(Erlang(), path, UTILS).packages] == ["pkg:hex/p1_utils@1.0.25"]


def test_comments_and_texts_do_not_count() -> None:
    text = '% {application, no, [{vsn, "1"}\n{application, \'a-b\', [{description, "\\"x {vsn, \\"2\\"} %"}, {vsn, "3"}]}.'
    assert known(checked(Erlang(), PATH.format("x"), text)) == [("a-b", "3")]


def test_an_application_without_a_version_is_reported() -> None:
    for text in ("{application, a, []}.", '{application, a, [{vsn, ""}]}.', "", "\x00"):
        assert [kind for kind, _ in checked(Erlang(), PATH.format("a"), text).problems] == ["fail"]


@given(st.text(alphabet="{}[]\"\\%, \napplictonvs1'"))
def test_any_text_is_answered(text: str) -> None:
    checked(Erlang(), PATH.format("x"), text)


def test_a_text_that_never_ends_takes_no_time() -> None:
    for unit in ('"\\', '{vsn, "', "{ ", "{application,", "%"):
        checked(Erlang(), PATH.format("x"), unit * 500_000)


def test_programs_of_other_systems_are_not_wanted() -> None:
    assert not Erlang().wants("Applications/Safari.app")
