"""Images of a registry, read as they stream: nothing is written to disk, and nothing is believed that has a digest.

Protocol: OCI distribution specification v1.1, and Docker's token authentication ("Token Authentication Specification"
and "OAuth 2.0 Authentication" of distribution/distribution). Challenges: RFC 9110, section 11.6.1.
"""

import base64
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urljoin, urlsplit

from imagegate import __version__
from imagegate.errors import SourceError
from imagegate.source import digest as digests
from imagegate.source import http, limits
from imagegate.source.cache import Known, Wish
from imagegate.source.credentials import Search, find
from imagegate.source.layer import Budget, Layer, scan_stream
from imagegate.source.reference import HUB, Remote
from imagegate.text import clean

if TYPE_CHECKING:
    import requests

_HUB_API = "registry-1.docker.io"
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_ATTEMPTS = 4
_BUSY = (429, 500, 502, 503, 504)
_FIRST_WAIT = 0.5  # seconds, doubled every time
_LONGEST_WAIT = 15.0  # seconds, whatever the registry asks for
_CONNECT = 10.0  # seconds
_REDIRECTS = 5
_TOKEN = 1 << 20  # bytes of the answer of a token server
_TOKEN_LIFE = 60.0  # seconds, where the server does not say
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")
_CODE = re.compile(r"[A-Z_]{1,40}\Z")
_TOKEN_CHARS = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - `token` of RFC 9110
_PARAMETER = re.compile(rf'({_TOKEN_CHARS})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"({_TOKEN_CHARS})(?=[\s,]|\Z)")
_PULL_AGAIN = "Try again; if it stays so, push the image again."
_NETWORK = "Is the name right, and the network or proxy (HTTPS_PROXY) set up?"


@dataclass(frozen=True)
class Access:
    """How a registry is reached: `timeout` in seconds for every silence, `insecure` allows plain HTTP."""

    env: Mapping[str, str]
    timeout: float = 60.0
    insecure: bool = False
    connections: int = 4


class _Gone(Exception):
    """The connection broke off while an answer was read."""


class Client:
    """Asks one registry about one repository; the threads that read layers share it."""

    def __init__(self, remote: Remote, access: Access) -> None:
        import requests

        self.remote = remote
        self._access = access
        self._authority = _HUB_API if remote.host == HUB else remote.host
        self._search: Search | None = None
        self._header = ""
        self._until = 0.0
        self._challenged = False
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._session.trust_env = False  # it would read ~/.netrc; proxies and CA bundle are set for every request
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=access.connections + 1)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._base = self._find_base()

    def document(self, path: str) -> tuple[bytes, str, str] | None:
        """Return a small answer whole, its media type, and the digest that the registry claims; None for a 404."""
        for attempt in range(_ATTEMPTS):
            response = self._get(path, _ACCEPT)
            with response:
                if response.status_code == 404:
                    return None
                try:
                    body = b"".join(self._body(response, limits.JSON, path))
                except _Gone as error:
                    self._again(attempt, str(error))
                    continue
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return body, kind, response.headers.get("Docker-Content-Digest", "")
        raise AssertionError  # the last attempt returned or raised

    def blob(self, digest: str, longest: int) -> Iterator[bytes] | None:
        """Return the stored bytes of a blob as they arrive, or None where the registry has none.

        One that breaks off is fetched again, and goes on where it was; raises SourceError when that does not help.
        """
        path = f"blobs/{digest}"
        first = self._get(path, "*/*")
        if first.status_code == 404:
            first.close()
            return None
        return self._chunks(first, path, longest)

    def address(self, digest: str) -> tuple[str, dict[str, str]]:
        """Return where a blob is, and the headers that open it, with a token that has most of its life before it."""
        if self._challenged and not self._current():
            self._get(f"blobs/{digest}", "*/*").close()
        header = self._current()
        headers = {"Accept": "application/octet-stream"} | ({"Authorization": header} if header else {})
        return f"{self._base}/v2/{self.remote.repository}/blobs/{digest}", headers

    def _chunks(self, response: "requests.Response", path: str, longest: int) -> Iterator[bytes]:
        given = 0
        for attempt in range(_ATTEMPTS):
            skip = given
            try:
                with response:
                    for chunk in self._body(response, longest, path):
                        new = chunk[skip:]
                        skip -= len(chunk) - len(new)
                        if new:
                            given += len(new)
                            yield new
                return
            except _Gone as error:
                self._again(attempt, str(error))
            response = self._get(path, "*/*")
            if response.status_code == 404:
                response.close()
                raise SourceError(f"{self.remote.host} does not have a blob any more that it just sent", _PULL_AGAIN)

    def _again(self, attempt: int, reason: str) -> None:
        if attempt + 1 == _ATTEMPTS:
            raise SourceError(f"{self.remote.host}: {reason}, {_ATTEMPTS} times", _PULL_AGAIN)
        _sleep(attempt)

    def _body(self, response: "requests.Response", longest: int, path: str) -> Iterator[bytes]:
        import urllib3

        total = 0
        try:
            # As stored: a layer that is gzip data must not be unpacked because a proxy calls it an encoding.
            for chunk in response.raw.stream(limits.CHUNK, decode_content=False):
                total += len(chunk)
                if total > longest:
                    what = clean(path, 100)
                    raise SourceError(f"{self.remote.host} sends more than {longest:,} bytes for {what}", _PULL_AGAIN)
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _Gone(f"the connection broke off after {total:,} bytes ({type(error).__name__})") from None

    def _get(self, path: str, accept: str) -> "requests.Response":
        """Return an answer of 200 or 404; raises SourceError for every other."""
        authorised = False
        url = f"{self._base}/v2/{self.remote.repository}/{path}"
        while True:
            used = self._current()
            response = self._patiently(url, {"Accept": accept}, used)
            status = response.status_code
            if status == 401 and not authorised:
                challenge = response.headers.get("WWW-Authenticate", "")
                response.close()
                self._authorise(challenge, used)
                authorised = True
                continue
            if status in (200, 404):
                return response
            self._refuse(response)

    def _current(self) -> str:
        """Return the header to send: none when the token is about to expire, so that a new one is asked for."""
        with self._lock:
            if self._header and time.monotonic() > self._until:
                self._header = ""
            if not self._header and (bearer := self._credentials_bearer()):
                self._header, self._until = f"Bearer {bearer}", float("inf")
            return self._header

    def _credentials_bearer(self) -> str:
        found = self._known().found
        if found is None or not found.bearer:
            return ""
        if not _VISIBLE.match(found.bearer):
            raise SourceError(f"the token from {found.origin} has characters that no token has", "Set it again.")
        return found.bearer

    def _known(self) -> Search:
        if self._search is None:
            self._search = find(self.remote.host, self.remote.repository, self._access.env)
        return self._search

    def _authorise(self, challenge: str, used: str) -> None:
        with self._lock:
            if self._header != used:
                return  # another thread has just done it
            self._challenged = True
            offers = challenges(challenge)
            found = self._known().found
            if found is not None and found.bearer:
                raise self._denied(401)
            if "bearer" in offers and offers["bearer"].get("realm"):
                token, life = self._token(offers["bearer"])
                self._header, self._until = f"Bearer {token}", time.monotonic() + life * 0.8
            elif "basic" in offers and found is not None and found.password:
                self._header, self._until = _basic(found.username, found.password), float("inf")
            else:
                raise self._denied(401)
            if self._header == used:
                raise self._denied(401)

    def _token(self, offer: dict[str, str]) -> tuple[str, float]:
        realm, found = offer["realm"], self._known().found
        self._trusted(realm)
        fields = {"scope": offer.get("scope") or f"repository:{self.remote.repository}:pull"}
        if "service" in offer:
            fields["service"] = offer["service"]
        if found is not None and found.identity:
            form = fields | {"grant_type": "refresh_token", "client_id": "imagegate", "refresh_token": found.identity}
            response = self._patiently(realm, {}, "", form=form)
        else:
            header = _basic(found.username, found.password) if found is not None else ""
            response = self._patiently(realm, {}, header, query=fields)
        with response:
            if response.status_code in (400, 401, 403):
                raise self._denied(response.status_code)
            host = clean(urlsplit(realm).hostname or "", 100)
            answer: Any = None
            with suppress(ValueError, RecursionError, _Gone):
                answer = json.loads(b"".join(self._body(response, _TOKEN, "a token")))
            answer = answer if isinstance(answer, dict) and response.status_code == 200 else {}
            token = answer.get("token") or answer.get("access_token")
            if not isinstance(token, str) or not _VISIBLE.match(token):
                raise SourceError(
                    f"{host}, where {self.remote.host} sends for a token, answered {response.status_code} without one",
                    "Is a proxy or a login page in between?",
                )
            life = answer.get("expires_in")
            return token, max(float(life), _TOKEN_LIFE) if isinstance(life, int | float) else _TOKEN_LIFE

    def _trusted(self, realm: str) -> None:
        """Credentials go to an encrypted address, or stay on this machine."""
        try:
            address = urlsplit(realm)
            host = address.hostname or ""
            plain = address.scheme == "http" and (self._access.insecure or (http.is_loopback(host) and self._is_local()))
            good = bool(host) and address.username is None and (address.scheme == "https" or plain)
        except ValueError:
            good = False
        if not good:
            raise SourceError(
                f"{self.remote.host} sends for a token to {clean(realm, 100)!r}, which is not an https address",
                "No credentials were sent there.",
            )

    def _is_local(self) -> bool:
        return http.is_loopback(_hostname(self._authority))

    def _patiently(
        self,
        url: str,
        headers: dict[str, str],
        authorization: str,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> "requests.Response":
        """Send a request, and again while the server is busy or the connection fails."""
        import requests
        import urllib3

        for attempt in range(_ATTEMPTS):
            last = attempt + 1 == _ATTEMPTS
            begun = time.monotonic()
            try:
                response = self._follow(url, headers, authorization, query, form)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                hopeless = _never(error) and (attempt > 0 or time.monotonic() - begun > 1)
                if hopeless or last or not _may_pass(error):
                    raise self._unreachable(url, error) from None
                _sleep(0 if _never(error) else attempt)
                continue
            if response.status_code not in _BUSY or last:
                return response
            wait = http.retry_after(response.headers.get("Retry-After", ""))
            response.close()
            _sleep(attempt, wait)
        raise AssertionError  # the last attempt returned or raised

    def _follow(
        self, url: str, headers: dict[str, str], authorization: str, query: dict[str, str] | None, form: dict[str, str] | None
    ) -> "requests.Response":
        """Follow redirects by hand: the authorization goes to no other host, port or scheme."""
        origin, here = http.origin(url), url
        for _ in range(_REDIRECTS):
            sent = headers | {"User-Agent": f"imagegate/{__version__}", "Accept-Encoding": "identity"}
            if authorization and http.origin(here) == origin:
                sent["Authorization"] = authorization
            response = self._send("GET" if form is None else "POST", here, sent, query, form)
            target = response.headers.get("Location", "")
            if response.status_code not in (301, 302, 303, 307, 308) or not target or form is not None:
                return response
            response.close()
            here, query = urljoin(here, target), None
            address = urlsplit(here)
            plain = address.scheme == "http" and (
                self._access.insecure or (origin[0] == "http" and http.is_loopback(address.hostname or ""))
            )
            if address.scheme != "https" and not plain:
                raise SourceError(f"{self.remote.host} leads to an address that is not encrypted", "Nothing was read from it.")
        raise SourceError(f"{self.remote.host} leads from one address to the next without end", _PULL_AGAIN)

    def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> "requests.Response":
        from requests.utils import get_environ_proxies

        silence = timeout or self._access.timeout
        loopback = http.is_loopback(urlsplit(url).hostname or "")
        self._session.cookies.clear()
        return self._session.request(
            method,
            url,
            headers=headers,
            params=query,
            data=form,
            stream=True,
            allow_redirects=False,
            timeout=(min(_CONNECT, silence), silence),
            proxies={} if loopback else get_environ_proxies(url),
            verify=self._access.env.get("REQUESTS_CA_BUNDLE") or self._access.env.get("CURL_CA_BUNDLE") or True,
        )

    def _find_base(self) -> str:
        """Return `scheme://host:port`: plain HTTP only on this machine, or where it was allowed."""
        import requests

        schemes = ["http", "https"] if self._is_local() else ["https", "http"] if self._access.insecure else ["https"]
        if len(schemes) == 1:
            return f"https://{self._authority}"
        failure: Exception | None = None
        for scheme in schemes:
            base = f"{scheme}://{self._authority}"
            try:
                response = self._send("GET", f"{base}/v2/", {}, timeout=min(5.0, self._access.timeout))
            except (requests.RequestException, OSError, ValueError) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):  # it does speak TLS: no way around the certificate
                    raise self._unreachable(base, error) from None
                failure = failure or error
                continue
            response.close()
            if response.status_code != 400 or scheme == "https":  # what a TLS server says to plain HTTP
                return base
        raise self._unreachable(f"{schemes[0]}://{self._authority}", failure or OSError())

    def _refuse(self, response: "requests.Response") -> NoReturn:
        status, code = response.status_code, ""
        with response, suppress(ValueError, KeyError, IndexError, TypeError, RecursionError, _Gone, SourceError):
            code = str(json.loads(b"".join(self._body(response, _TOKEN, "an error")))["errors"][0]["code"])
        # Only the code: the message is the server's own text, and could repeat what was sent.
        reason = f"{status} {code}" if _CODE.match(code) else f"{status}"
        if status in (401, 403):
            raise self._denied(status, reason)
        if status == 429:
            raise SourceError(
                f"{self.remote.host} answered {reason}: too many requests",
                f"Wait, log in, or use a mirror ({self._known().told()}).",
            )
        raise SourceError(f"{self.remote.host} answered {reason} for {self.remote}", "See the registry's log, or try later.")

    def _denied(self, status: int, reason: str = "") -> SourceError:
        hub = self.remote.host == HUB
        missing = " or does not exist" if hub or status != 401 else ""
        log_in = "`docker login`" if hub else f"`docker login {self.remote.host}`"
        return SourceError(
            f"{self.remote.host} gives no access to {self.remote.repository} ({reason or status}): "
            f"it needs other credentials{missing}",
            f"{self._known().told()}; {log_in}, or set IMAGEGATE_REGISTRY_USERNAME and IMAGEGATE_REGISTRY_PASSWORD.",
        )

    def _unreachable(self, url: str, error: Exception) -> SourceError:
        """The text of the error is not used: it may show an address with a signature in it."""
        import requests

        host = clean(urlsplit(url).netloc, 200)
        if isinstance(error, requests.exceptions.SSLError):
            hint = "If its certificate is of your own authority, name the CA file in REQUESTS_CA_BUNDLE."
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return SourceError(f"{host} cannot be reached: its certificate is not trusted", hint)
            return SourceError(f"{host} cannot be reached: TLS fails", "For one without TLS: --registry-insecure.")
        if isinstance(error, requests.exceptions.ProxyError):
            return SourceError(f"{host} cannot be reached: the proxy refuses or does not answer", _NETWORK)
        if isinstance(error, requests.Timeout):
            return SourceError(f"{host} does not answer in time", _NETWORK)
        name = type(http.cause(error)).__name__
        if name == "NameResolutionError":
            return SourceError(f"{host} cannot be reached: no such host", _NETWORK)
        if _never(error):
            return SourceError(f"{host} cannot be reached: nothing listens there", _NETWORK)
        if isinstance(error, OSError) and "CA certificate" in str(error):
            return SourceError("the CA file in REQUESTS_CA_BUNDLE cannot be read", "Name a file in PEM format.")
        return SourceError(f"{host} cannot be reached: the connection fails ({name})", _NETWORK)


class RegistryStore:
    """An image of a registry as the blobs of an OCI layout, with an index of the one entry that was asked for."""

    elsewhere = True

    def __init__(self, remote: Remote, access: Access, progress: Callable[[int], None] = lambda _: None) -> None:
        self.what = str(remote)
        self.client = Client(remote, access)
        self._progress = progress
        self._budget = Budget()
        self._lock = threading.Lock()
        self._manifests: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._small: dict[str, bytes] = {}
        wanted = remote.digest or remote.tag
        raw, kind = self._manifest(wanted)
        found = digests.of(raw)
        if remote.digest:
            digests.same(found, remote.digest, f"{self.what}: the manifest")
        entry = {"mediaType": kind, "digest": found, "size": len(raw)}
        self._small["oci-layout"] = _LAYOUT
        self._small["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
        self._small[_path(found)] = raw

    def names(self) -> list[str]:
        """See Store.names: what was read so far."""
        return list(self._small)

    def small(self, name: str) -> bytes | None:
        """See Store.small."""
        if name in self._small:
            return self._small[name]
        digest = _digest(name)
        if not digest:
            return None
        if digest in self._manifests:
            self._small[name] = self._manifest(digest)[0]
            return self._small[name]
        chunks = self.client.blob(digest, limits.JSON)
        if chunks is None:
            return None
        self._small[name] = b"".join(chunks)
        return self._small[name]

    def layer(self, name: str, wish: Wish) -> Layer | Known | None:
        """See Store.layer."""
        digest = _digest(name)

        def scan(chunks: Iterator[bytes]) -> Layer:
            return scan_stream(_Remote(self, name), self._counted(chunks), wish.interest, self._budget)

        if (known := wish.known(_Remote(self, name), lambda: scan(self.again(name)), self._budget)) is not None:
            return known
        chunks = self.client.blob(digest, self._longest(digest)) if digest else None
        return None if chunks is None else scan(chunks)

    def here(self, name: str) -> None:
        """See Store.here."""

    def there(self, name: str) -> tuple[str, dict[str, str]]:
        """See Store.there."""
        return self.client.address(_digest(name))

    def again(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a layer once more; raises SourceError when they are gone or are others now."""
        digest = _digest(name)
        chunks = self.client.blob(digest, self._longest(digest))
        if chunks is None:
            raise SourceError(f"{self.what} changed while it was read", "Try again.")
        return chunks

    def _longest(self, digest: str) -> int:
        return self._sizes.get(digest, limits.UNPACKED)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            with self._lock:
                self._progress(len(chunk))
            yield chunk

    def _manifest(self, wanted: str) -> tuple[bytes, str]:
        """Return a manifest or index and its media type, after a look at what it names."""
        found = self.client.document(f"manifests/{wanted}")
        if found is None:
            remote = self.client.remote
            raise SourceError(f"{remote.host} has no image {remote.repository} {clean(wanted)}", "Was it pushed there?")
        raw, kind, claimed = found
        document: Any = None
        with suppress(ValueError, RecursionError):
            document = json.loads(raw)
        if not isinstance(document, dict):
            raise SourceError(
                f"{self.what}: the registry answered {clean(kind or 'something', 60)} instead of a manifest",
                "Is it a registry, or is a proxy or login page in between?",
            )
        if document.get("schemaVersion") == 1 or "distribution.manifest.v1+" in kind:
            raise SourceError(
                f"{self.what}: a manifest of version 1 (schema 1), which cannot be verified and is not used any more",
                "Push the image again with a current tool.",
            )
        if claimed.startswith("sha256:"):
            digests.same(digests.of(raw), claimed, f"{self.what}: the manifest")
        children, layers = document.get("manifests"), document.get("layers")
        if children is not None and layers is not None:  # tools differ in what they would run: CVE-2021-41190
            raise SourceError(f"{self.what}: a manifest that is also an index", "Push the image again.")
        self._manifests |= {str(child.get("digest")) for child in objects(children)}
        for layer in objects(layers):
            size = layer.get("size")
            if isinstance(size, int) and size >= 0:
                self._sizes[str(layer.get("digest"))] = min(size, limits.UNPACKED)
        return raw, str(document.get("mediaType") or kind)


class _Remote:
    """A layer of a registry: going back to it costs another download."""

    def __init__(self, store: RegistryStore, name: str) -> None:
        self.name = name
        self._store = store

    def region(self) -> None:
        """See Blob.region."""

    def chunks(self) -> Iterator[bytes]:
        """See Blob.chunks."""
        return self._store.again(self.name)


def challenges(header: str) -> dict[str, dict[str, str]]:
    """Return the parameters of every scheme of a WWW-Authenticate header; both names in small letters."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    at, header = 0, header[:8192]
    while at < len(header):
        if header[at] in " \t,":
            at += 1
        elif found and (match := _PARAMETER.match(header, at)):
            quoted, plain = match[2], match[3]
            current.setdefault(match[1].lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain)
            at = match.end()
        elif match := _SCHEME.match(header, at):
            current = found.setdefault(match[1].lower(), {})
            at = match.end()
        else:
            break
    return found


def objects(value: object) -> list[dict[str, Any]]:
    """Return those items of a list in a document that are objects, nothing for any other value."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _digest(name: str) -> str:
    folder, _, value = name.rpartition("/")
    return f"sha256:{value}" if folder == "blobs/sha256" else ""


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _hostname(authority: str) -> str:
    return urlsplit(f"//{authority}").hostname or ""


def _never(error: Exception) -> bool:
    """There is no such host, or nothing listens: waiting will not help much."""
    import requests
    import urllib3

    return isinstance(http.cause(error), urllib3.exceptions.NewConnectionError) and not isinstance(error, requests.Timeout)


def _may_pass(error: Exception) -> bool:
    import requests.exceptions as kinds

    lasting = (kinds.SSLError, kinds.ProxyError, kinds.Timeout)
    return isinstance(error, kinds.ConnectionError) and not isinstance(error, lasting)


def _sleep(attempt: int, asked: float = 0.0) -> None:
    spread = random.uniform(0.5, 1.0)  # noqa: S311 (spreads runners, no secret)
    time.sleep(min(_LONGEST_WAIT, asked or _FIRST_WAIT * 2.0**attempt * spread))
