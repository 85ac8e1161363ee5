"""Where layers are lent, and which address a Clair is told."""

import socket
from urllib.parse import urlsplit

import pytest
import requests

from imagegate.backend.clair import address as addresses
from imagegate.backend.clair.serve import LayerServer
from imagegate.errors import BackendError, UsageError
from tests.images import sha256

LOOPBACK = "http://127.0.0.1:6060"
ELSEWHERE = "http://192.0.2.7:6060"  # a network for documentation: nobody is there, but there is a way to it


class One:
    size = 1

    def read_at(self, at: int, size: int) -> bytes:
        return b"x"[at : at + size]


LAYERS = [(sha256(b"x"), One())]


def base(clair: str = LOOPBACK, address: str = "", advertise: str = "") -> str:
    with LayerServer(LAYERS, clair, print, address=address, advertise=advertise) as server:
        return server.base


def answers(clair: str = LOOPBACK, address: str = "") -> bool:
    with LayerServer(LAYERS, clair, print, address=address) as server:
        return requests.get(server.of(0)[0], timeout=10).content == b"x"


def own() -> str:
    """Return the address of this machine in its network; skips where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.7", 9))
        except OSError:
            pytest.skip("this machine is in no network")
        return str(probe.getsockname()[0])


def six() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_clair_on_this_machine_is_met_on_loopback() -> None:
    for clair in (LOOPBACK, "http://localhost:6060", "https://127.0.0.1/clair", "http://user:word@localhost"):
        assert urlsplit(base(clair)).hostname == "127.0.0.1"
    assert answers()


def test_a_clair_on_this_machine_may_be_met_over_ipv6() -> None:
    six()
    assert base("http://[::1]:6060").startswith("http://[::1]:")
    for clair, address in (("http://[::1]:6060", ""), (LOOPBACK, "::1"), (LOOPBACK, "[::1]"), ("http://[::1]:6060", "::")):
        assert answers(clair, address), (clair, address)


def test_every_ipv6_address_is_also_every_ipv4_address() -> None:
    six()
    assert base(LOOPBACK, "::").startswith("http://127.0.0.1:")
    assert answers(LOOPBACK, "::")


def test_a_clair_elsewhere_is_met_where_it_is_reached_from() -> None:
    mine = own()
    assert urlsplit(base(ELSEWHERE)).hostname == mine
    assert answers(ELSEWHERE)
    assert answers(f"http://{mine}:6060")


def test_every_address_of_this_machine_is_told_as_the_one_that_clair_sees() -> None:
    assert urlsplit(base(ELSEWHERE, "0.0.0.0")).hostname == own()
    assert urlsplit(base(LOOPBACK, "0.0.0.0")).hostname == "127.0.0.1"


def test_a_chosen_address_and_port_are_used() -> None:
    port = free()
    assert base(LOOPBACK, f"127.0.0.1:{port}") == f"http://127.0.0.1:{port}"
    assert base(LOOPBACK, f"localhost:{port}") == f"http://127.0.0.1:{port}"
    assert base(LOOPBACK, f":{port}") == f"http://127.0.0.1:{port}"
    assert urlsplit(base(ELSEWHERE, "127.0.0.1")).hostname == "127.0.0.1"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "a b",
        "http://127.0.0.1",
        "[::1",
        "::1]",
        ":",
        "user@host",
        "host/path",
        "[x]:1",
    ],
)
def test_what_is_no_address_is_an_error_of_the_command_line(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        base(LOOPBACK, address)
    assert "--serve-address" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("address", ["192.0.2.7", "192.0.2.7:8080", "no-such-host.invalid", "no-such-host.invalid:80"])
def test_an_address_of_somebody_else_is_an_error_of_the_command_line(address: str) -> None:
    with pytest.raises(UsageError, match="--serve-address") as caught:
        base(LOOPBACK, address)
    assert "address of this machine" in caught.value.hint


def test_a_busy_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BackendError, match=f"port {port} of 127.0.0.1 is in use"):
            base(LOOPBACK, f"127.0.0.1:{port}")


def test_a_clair_that_nobody_knows_is_told_without_what_is_secret_in_its_url() -> None:
    with pytest.raises(BackendError, match=r"no-such-host\.invalid, where Clair is to be") as caught:
        base("http://user:secret@no-such-host.invalid:6060")
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("advertise", "told"),
    [
        ("build-7.example", "http://build-7.example:PORT"),
        ("build-7.example:80", "http://build-7.example:80"),
        (":81", "http://127.0.0.1:81"),
        ("172.17.0.1", "http://172.17.0.1:PORT"),
        ("2001:db8::1", "http://[2001:db8::1]:PORT"),
        ("[2001:db8::1]:80", "http://[2001:db8::1]:80"),
        ("https://build-7.example/layers/", "https://build-7.example"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
    ],
)
def test_another_address_may_be_told(advertise: str, told: str) -> None:
    port = free()
    assert base(LOOPBACK, f"127.0.0.1:{port}", advertise) == told.replace("PORT", str(port))


@pytest.mark.parametrize(
    "advertise",
    [
        "a b",
        "ftp://host",
        "http://",
        "http://user:secret@host",
        "http://host?x",
        "http://host#x",
        "http://host:99999",
        "http://h/a b",
        "http://h/\x1b",
        "http://[::1",
        "host:0x50",
        "http://host:0",
    ],
)
def test_what_cannot_be_told_is_an_error_of_the_command_line(advertise: str) -> None:
    with pytest.raises(UsageError) as caught:
        base(LOOPBACK, "", advertise)
    assert "--advertise-address" in caught.value.message
    assert "secret" not in caught.value.message


def test_a_proxy_may_leave_the_path_of_the_advertised_url_in_place_or_not() -> None:
    with LayerServer(LAYERS, LOOPBACK, print, address="127.0.0.1", advertise="https://build-7.example/some/layers") as server:
        path = urlsplit(server.of(0)[0]).path
        assert path.startswith("/some/layers/")
        port = server._server.server_address[1]  # type: ignore[union-attr]
        for shown in (path, path.removeprefix("/some/layers")):
            assert requests.get(f"http://127.0.0.1:{port}{shown}", timeout=10).content == b"x"
        assert requests.get(f"http://127.0.0.1:{port}/other{path}", timeout=10).status_code == 404


def test_nobody_came_is_told_with_where_and_what_to_try() -> None:
    with LayerServer(LAYERS, LOOPBACK, print) as server:
        assert server.heard().startswith(f"Clair never connected to {server.base}, where")
        assert "in a container" in server.heard()
        assert server.token not in server.heard()
        assert not server.connected
    with LayerServer(LAYERS, f"http://{own()}:6060", print) as server:
        assert "firewall" in server.heard()


def test_advice_depends_on_the_address_that_was_told() -> None:
    for host, loopback in (("localhost", True), ("127.0.0.9", True), ("::1", True), ("build-7", False), ("10.0.0.1", False)):
        place = addresses.Place(socket.AF_INET, ("127.0.0.1", 0), "127.0.0.1")
        assert addresses.advertised(host, place, 5).loopback == loopback
