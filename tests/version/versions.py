"""What the tests of versions share: the data files, and strategies that generate versions."""

from pathlib import Path

from hypothesis import strategies as st

_DATA = Path(__file__).parent / "data"

# Short texts of few characters meet each other often; the other strategy writes what no packager would.
dpkg_versions = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "", "0:", "1:", "01:", "2:", "10:"]),
    st.from_regex(r"[0-9][0-9a1b.+~Z-]{0,8}", fullmatch=True),
    st.one_of(st.just(""), st.from_regex(r"-[0-9a1b.+~Z]{1,6}", fullmatch=True)),
)
apk_versions = st.from_regex(
    r"(0|1|9|10|01|007)(\.(0|1|2|10|05|050)){0,3}[ab]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)(0|1|2|10)?){0,2}(~[0-9a-f]{2})?(-r(0|1|10))?",
    fullmatch=True,
)
_N = "(0|1|2|10|01)"
_SEMVER = rf"v?{_N}(\.{_N}){{0,2}}(-(0|1|alpha|rc)(\.(0|1|a))?)?(\+(1|a))?"
_EXPRESSIONS = {
    "AlmaLinux": r"((0|1):)?[0-9][0-9a.~^_]{0,5}-[0-9a][0-9a.~^]{0,4}",
    "Bitnami": rf"{_N}\.{_N}(\.{_N})?(-({_N}|rc1|8-gab|1\.el8))?",
    "ConanCenter": rf"{_N}(\.({_N}|1k|a)){{0,3}}(-(pre|rc|{_N}))?(\+({_N}|b))?",
    "Go": rf"{_SEMVER}|(go)?1\.(14|20|21)(\.(0|1)|rc1)?",
    "Hackage": rf"{_N}([.-]{_N}){{0,3}}",
    "Maven": rf"{_N}(\.{_N}){{0,2}}(-(alpha|beta|b1|rc|SNAPSHOT|final|ga|sp|jre|foo)(-?{_N})?)?",
    "NuGet": rf"{_N}(\.{_N}){{0,3}}(-(0|1|a|A|rc-1|-5)(\.(0|1|B))?)?(\+a)?",
    "Packagist": rf"v?{_N}(\.{_N}){{0,3}}(-?(stable|alpha|RC|b|pl)(\.?{_N})?)?(-dev)?|1\.x-dev|dev-main|2018\.?01\.?02",
    "Pub": _SEMVER,
    "PyPI": rf"((1|2)!)?{_N}(\.{_N}){{0,2}}((a|b|rc){_N})?(\.post1|-1)?(\.dev1)?(\+(1|a))?",
    "RubyGems": rf"{_N}(\.({_N}|a|rc1|0a0)){{0,4}}(-(1|rc1|java|x86_64-linux))?",
    "npm": _SEMVER,
}
ecosystem_versions = {name: st.from_regex(expression, fullmatch=True) for name, expression in _EXPRESSIONS.items()}
anything = st.one_of(st.text(max_size=20), st.text(alphabet="01a.~+-:_rp \n\0²é", max_size=12), dpkg_versions, apk_versions)


def lines(name: str) -> list[str]:
    """Return the lines of a data file without its remarks."""
    text = (_DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
