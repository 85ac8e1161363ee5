"""Ruby gems, against what RubyGems and Bundler write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.ruby import Ruby
from tests.cataloger.contents import known, look
from tests.cataloger.samples_interpreted import canonical, failed, sample

GEM = "usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.8.gemspec"
DEFAULT = "usr/lib/ruby/gems/3.1.0/specifications/default/digest-3.1.0.gemspec"
CHECKOUT = "app/vendor/ruby/3.1.0/bundler/gems/repo-e7901e3d7d9f/checked.gemspec"


@pytest.mark.parametrize(
    ("path", "name", "package", "purl"),
    [
        (DEFAULT, "digest.gemspec", ("digest", "3.1.0"), "pkg:gem/digest@3.1.0"),
        (CHECKOUT, "checkout.gemspec", ("checked", "0.3.1"), "pkg:gem/checked@0.3.1"),
        (GEM, "platform.gemspec", ("imagegate-sample", "1.18.9"), "pkg:gem/imagegate-sample@1.18.9?platform=x86_64-linux"),
    ],
)
def test_a_gem_is_seen_with_its_platform_apart(path: str, name: str, package: tuple[str, str], purl: str) -> None:
    seen = look(Ruby(), path, sample(name))
    assert known(seen) == [package]
    assert canonical(seen) == [purl]
    assert not seen.problems


@pytest.mark.parametrize(
    "text", ["# stub: rack 2.2.8 ruby lib\n", "# -*- encoding: utf-8 -*-\r\n# stub: rack 2.2.8 ruby lib\r\n"]
)
def test_the_first_lines_are_enough(text: str) -> None:
    for data in (text, "\ufeff" + text, text.encode() + b"# \xff\xfe"):
        assert known(look(Ruby(), GEM, data)) == [("rack", "2.2.8")]


@pytest.mark.parametrize(
    "text",
    [
        'Gem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "2.2.8"\nend\n',
        "Gem::Specification.new do |spec|\r\n\tspec.name='rack'\r\n\tspec.version = Gem::Version.new('2.2.8')\r\nend\r\n",
        '# s.name = "not"\n# s.version = "0"\ns.name = "rack"\ns.version = Gem::Version.new "2.2.8"\ns.version = "3"\n',
    ],
)
def test_without_them_the_assignments_count(text: str) -> None:
    seen = look(Ruby(), GEM, text)
    assert known(seen) == [("rack", "2.2.8")]
    assert not seen.problems


def test_assignments_tell_the_platform_too() -> None:
    text = 's.name = "nokogiri"\ns.version = "1.18.9"\ns.platform = "x86_64-linux-gnu".freeze\n'
    assert canonical(look(Ruby(), GEM, text)) == ["pkg:gem/nokogiri@1.18.9?platform=x86_64-linux-gnu"]


@pytest.mark.parametrize("rest", ['s.name = "rack"\ns.version = "2.2.8"\n', 's.name = "rails"\ns.version = "99"\n'])
def test_a_gem_that_contradicts_itself_is_reported(rest: str) -> None:
    seen = look(Ruby(), GEM, "# stub: rack 99 ruby lib\n" + rest)
    assert known(seen) == [("rack", "99")]
    assert failed(seen)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 100,
        "# stub: rack\n",
        's.name = "rack"\n',
        's.version = "1"\n',
        's.name = "rack"\ns.version = Rack::VERSION\n',
        's.name = "a#{b}"\ns.version = "1"\n',
        "# stub: a/b 1 ruby lib\n",
        "# stub: \u202eb 1 ruby lib\n",
        "# stub: a 1\u0661 ruby lib\n",
        "#\n" * 10 + "# stub: rack 1 ruby lib\n",
    ],
    ids=ascii,
)
def test_a_gem_without_a_readable_name_or_version_is_reported(text: str) -> None:
    seen = look(Ruby(), GEM, text)
    assert failed(seen)
    assert not seen.packages


def test_a_gemspec_that_is_a_program_is_passed_over_in_checkouts_only() -> None:
    program = 'require "x"\nGem::Specification.new { |s| s.name = "x"; s.version = X::VERSION }\n'
    seen = look(Ruby(), CHECKOUT, program)
    assert seen.problems
    assert not failed(seen)
    assert failed(look(Ruby(), GEM, program))


@pytest.mark.parametrize(
    "path",
    [
        "app/app.gemspec",
        "usr/lib/ruby/gems/3.1.0/gems/rack-2.2.8/rack.gemspec",
        "specifications/a/b.gemspec",
        "specifications/a.rb",
    ],
)
def test_the_gemspecs_of_sources_are_not_wanted(path: str) -> None:
    assert not Ruby().wants(path)


def test_gems_of_a_repository_with_several_are_wanted() -> None:
    assert Ruby().wants("bundle/ruby/3.3.0/bundler/gems/rails-abc/activerecord/activerecord.gemspec")


def test_large_and_long_files_are_bounded() -> None:
    assert failed(look(Ruby(), GEM, sample("platform.gemspec") + b" " * (50 << 20)))
    for piece in (b"s.", b"s.name = ", b"#", b" ", b"a", b's.name = "', b"# stub: a 1 ", b"s.name\t"):
        look(Ruby(), GEM, piece * (1_000_000 // len(piece)))
        look(Ruby(), GEM, b"\n".join([piece] * 100_000))


@given(st.binary(), st.sampled_from([GEM, DEFAULT, CHECKOUT]), st.sampled_from([b"", b"# stub: "]))
def test_any_bytes_give_an_answer(data: bytes, path: str, head: bytes) -> None:
    seen = look(Ruby(), path, head + data)
    assert canonical(seen) or seen.problems
    failed(seen)
