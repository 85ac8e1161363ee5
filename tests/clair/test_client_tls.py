"""A Clair behind TLS: authorities, names and client certificates."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagegate.backend.clair.client import Client, find_api
from imagegate.errors import BackendError
from tests.ci.tools import require
from tests.clair.conftest import access
from tests.clair.server_v4 import ClairV4


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two authorities, and a server and a client with certificates of the first."""
    folder, openssl = tmp_path_factory.mktemp("keys"), require("openssl")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    for name in ("ca", "other"):
        run(*new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        run(*new[:1], *new[2:7], "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        run(*signed, "-extfile", "names", "-out", f"{name}.pem")
    run("ec", "-in", "client.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key")
    return folder


@pytest.fixture(params=[False, True], ids=["server only", "client certificate"])
def server(keys: Path, request: pytest.FixtureRequest) -> Iterator[ClairV4]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "server.pem", keys / "server.key")
    if request.param:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(keys / "ca.pem")
    server = ClairV4(tls=context)
    yield server
    server.stop()


def refused(server: ClairV4, **changes: object) -> str:
    with pytest.raises(BackendError) as caught:
        find_api(Client(access(server.url, deadline=5.0, **changes), lambda _: None))
    return f"{caught.value.message} | {caught.value.hint}"


def test_the_right_authority_and_certificate_open_it(server: ClairV4, keys: Path) -> None:
    certificate = {"certificate": str(keys / "client.pem"), "key": str(keys / "client.key")}
    assert find_api(Client(access(server.url, ca=str(keys / "ca.pem"), **certificate), print)) == "v4"
    bundle = {"REQUESTS_CA_BUNDLE": str(keys / "ca.pem")}
    assert find_api(Client(access(server.url, env=bundle, **certificate), print)) == "v4"


def test_another_authority_is_not_trusted(server: ClairV4, keys: Path) -> None:
    for changes in ({}, {"ca": str(keys / "other.pem")}):
        assert "its certificate is not trusted" in refused(server, **changes)


def test_another_name_is_not_trusted(server: ClairV4, keys: Path) -> None:
    server.url = server.url.replace("127.0.0.1", "localhost")
    assert "its certificate is not trusted" in refused(server, ca=str(keys / "ca.pem"))


def test_a_missing_client_certificate_is_told(request: pytest.FixtureRequest, keys: Path, server: ClairV4) -> None:
    if "client certificate" in request.node.name:
        assert "TLS fails" in (told := refused(server, ca=str(keys / "ca.pem")))
        assert "Does it ask for a client certificate?" in told
    else:
        assert find_api(Client(access(server.url, ca=str(keys / "ca.pem")), print)) == "v4"


def test_files_that_are_no_certificates_are_told(server: ClairV4, keys: Path) -> None:
    broken, ca = keys / "names", str(keys / "ca.pem")
    assert "cannot be read" in refused(server, ca=str(keys / "missing.pem"))
    assert "cannot be read" in refused(server, ca=str(broken))
    assert "cannot be read" in refused(server, ca=ca, certificate=str(broken))
    assert "has a password" in refused(server, ca=ca, certificate=str(keys / "client.pem"), key=str(keys / "locked.key"))


def test_a_clair_without_tls_is_told(server_v4: ClairV4) -> None:
    server_v4.url = server_v4.url.replace("http:", "https:")
    assert "TLS fails" in refused(server_v4)
