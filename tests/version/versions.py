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
anything = st.one_of(st.text(max_size=20), st.text(alphabet="01a.~+-:_rp \n\0²é", max_size=12), dpkg_versions, apk_versions)


def lines(name: str) -> list[str]:
    """Return the lines of a data file without its remarks."""
    text = (_DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
