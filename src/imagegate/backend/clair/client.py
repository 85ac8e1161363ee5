"""One HTTP client for both of Clair's APIs: the status comes first, every body has an end, and so has the waiting."""

import base64
import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

from imagegate import __version__
from imagegate.backend.clair.access import Access, check_files, is_address, proxies, token
from imagegate.backend.clair.answer import Answer, message_of
from imagegate.errors import BackendError
from imagegate.source import http
from imagegate.text import clean, decode

if TYPE_CHECKING:
    import requests

__all__ = ["Access", "Answer", "Client", "find_api"]

LARGEST = 100 << 20  # bytes of a report
_ERROR = 64 << 10  # bytes of an error
_CHUNK = 256 << 10
_CONNECT = 10.0  # seconds
_ATTEMPTS = 5  # for what may pass soon; who is only asked to wait does so until the deadline
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0  # seconds
_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_PASSING = (502, 503, 504)
_SKEW = 15  # seconds that Clair allows
_URL = re.compile(r"(https?://)(?:[^\s/@\"'<>]*@)?([^\s?#\"'<>]*)([?#][^\s\"'<>]*)?", re.IGNORECASE)
_TOKEN = re.compile(r"\b(bearer|basic)\s+[^\s\"',\\]+|\beyJ[\w-]+(?:\.[\w-]*)*", re.IGNORECASE)
_MORE_TIME = "Allow it more time, or see Clair's log."
_SETTINGS = "Is the address right, is Clair running there, and is the network or proxy set up?"


class _Failed(Exception):
    """A request without an answer; `again` says whether another one may have more luck, `slow` that it was a time-out."""

    def __init__(self, error: BackendError, again: bool = False, slow: bool = False) -> None:
        super().__init__(error.message)
        self.error, self.again, self.slow = error, again, slow


class Denied(BackendError):
    """Clair, or what stands before it, lets us not in there."""

    @classmethod
    def of(cls, answer: Answer, doing: str, hint: str) -> "Denied":
        """Return the error for an answer."""
        told = answer.error(doing, hint)
        return cls(told.message, told.hint)


class Client:
    """Asks one Clair about one image; the deadline begins with it."""

    def __init__(self, access: Access, say: Callable[[str], None]) -> None:
        import requests

        self.access = access
        self.say = say
        self._end = time.monotonic() + access.deadline
        self._secrets: set[str] = set()
        self._met = False
        self._indexer, self._matcher = self._base(access.indexer), self._base(access.matcher)
        self.hide(base64.b64encode(access.psk).decode(), decode(access.psk), *(value for _, value in access.headers))
        self._session = requests.Session()
        self._session.trust_env = False  # it would read ~/.netrc; proxies and CA bundle are set for every request
        # Even where it follows no redirect, it would parse the target, and read the body without end.
        self._session.get_redirect_target = lambda _: None  # type: ignore[assignment,method-assign]
        if access.ca or access.certificate:
            check_files(access)

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    @property
    def indexer(self) -> str:
        """The address of the indexer, fit to be shown."""
        return self._indexer[0]

    def left(self) -> float:
        """Return how many seconds are left for this image, negative when they are used up."""
        return self._end - time.monotonic()

    def hide(self, *secrets: str) -> None:
        """Keep these texts, and the pieces of a header that they are, out of every message, however they are written."""
        for secret in secrets:
            parts = {part for part in (secret, secret.rpartition(" ")[2]) if len(part) >= 4}
            for part in parts | {part for part in re.split("[;,= ]", secret) if len(part) >= 6}:
                data = part.encode(errors="surrogatepass")
                forms = {part, quote(data, safe=""), data.hex()}
                forms |= {encode(data).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
                with suppress(ValueError):  # a key is given in base64
                    forms.add(base64.b64decode(part, validate=True).hex())
                self._secrets = self._secrets | {
                    form for one in forms if len(one) >= 4 for form in (one, one.upper(), one.lower())
                }

    def hide_headers(self, headers: Mapping[str, str]) -> None:
        """Keep out of every message what opens a layer in a registry."""
        self.hide(*(value for name, value in headers.items() if name.lower() not in ("accept", "user-agent")))

    def harmless(self, text: str, longest: int = 500) -> str:
        """Return a text of the server as messages may show it: no secrets, no passwords or signatures of addresses."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "…")
        text = _URL.sub(lambda found: found[1] + found[2] + ("?…" if found[3] else ""), text)
        return clean(_TOKEN.sub("…", text), longest)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        matcher: bool = False,
        most: int = LARGEST,
    ) -> Answer:
        """Return the answer to a request, of whatever status but 401, 403 and 407; at most `most` bytes of it.

        It is sent again after a lost connection or a time-out, which is safe for all that Clair is asked. Raises
        BackendError where there is none.
        """
        attempt = 0
        while True:
            try:
                answer = self._patiently(method, path, body, matcher, most)
            except _Failed as failed:
                attempt += 1
                if not failed.again or (attempt >= _ATTEMPTS and not failed.slow):
                    raise failed.error from None
                self.pause(attempt - 1, failed.error)
                continue
            busy = answer.status == 429 or (answer.status in _PASSING and attempt + 1 < _ATTEMPTS)
            if not busy:
                return answer
            self.pause(attempt, answer.error("Clair is busy"), http.retry_after(answer.headers.get("retry-after", "")))
            attempt += 1

    def pause(self, attempt: int, why: BackendError, asked: float = 0.0) -> None:
        """Wait a little longer with every attempt, or the seconds that the server asks for; raises `why` at the deadline."""
        spread = random.uniform(0.5, 1.0)  # noqa: S311 (spreads runners, no secret)
        wait = asked or min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt, 10)) * spread
        if wait >= self.left():
            raise BackendError(f"{why.message} (no time is left of {self.access.deadline:g} seconds)", why.hint or _MORE_TIME)
        self.say(f"{why.message}; again in {wait:.1f} seconds")
        time.sleep(wait)

    def _patiently(self, method: str, path: str, body: object, matcher: bool, most: int) -> Answer:
        """Follow redirects to the same server, which only a GET may."""
        base, basic = self._matcher if matcher else self._indexer
        url = base + path
        for _ in range(_HOPS):
            answer = self._within(method, url, basic, body, most)
            target = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS:
                break
            try:
                there = urljoin(url, target)
                same = bool(target) and http.origin(there) == http.origin(url) and method == "GET"
            except ValueError:
                same = False
            if not same:
                raise BackendError(
                    f"{answer.origin} leads elsewhere ({answer.status}), to {self.harmless(target, 200) or 'nowhere'}",
                    "Nothing was sent there; name that address if it is Clair's.",
                )
            url = there
        else:
            raise BackendError(f"{answer.origin} leads from one address to the next without end", _SETTINGS)
        if answer.status in (401, 403, 407):
            raise self._denied(answer)
        return answer

    def _within(self, method: str, url: str, basic: str, body: object, most: int) -> Answer:
        """Wait for an answer until the deadline, even for one that drips, or a name that is looked up for ever."""
        found: list[Answer | BaseException] = []
        done = threading.Event()

        def work() -> None:
            try:
                found.append(self._send(method, url, basic, body, most))
            except BaseException as error:  # noqa: BLE001 - raised again below, where somebody can handle it
                found.append(error)
            done.set()

        left = self.left()
        if left > 0:
            threading.Thread(target=work, daemon=True, name="clair").start()
            done.wait(left + 0.5)  # the time-outs of the request itself say more
        if not found:
            host = _shown(url)
            raise BackendError(f"Clair at {host} did not finish within {self.access.deadline:g} seconds", _MORE_TIME)
        if isinstance(found[0], BaseException):
            raise found[0]
        self._met = True
        return found[0]

    def _send(self, method: str, url: str, basic: str, body: object, most: int) -> Answer:
        import requests
        import urllib3

        access, origin = self.access, f"Clair at {_shown(url)}"
        headers = {"User-Agent": f"imagegate/{__version__}", "Accept-Encoding": "identity", "Accept": "application/json"}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": basic} if basic else {}
        headers |= dict(access.headers)
        if access.psk:
            headers["Authorization"] = f"Bearer {(signed := token(access))}"
            self.hide(signed, signed.rpartition(".")[2])
        silence = max(0.05, min(access.timeout, self.left()))
        try:
            self._session.cookies.clear()
            response = self._session.request(
                method,
                url,
                headers=headers,
                data=None if body is None else json.dumps(body).encode(),
                stream=True,
                allow_redirects=False,
                timeout=(min(_CONNECT, silence), silence),
                proxies=proxies(url, access.env),
                verify=access.ca or access.env.get("REQUESTS_CA_BUNDLE") or access.env.get("CURL_CA_BUNDLE") or True,
                cert=(access.certificate, access.key or access.certificate) if access.certificate else None,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unreachable(url, error) from None
        with response:
            names = {name.lower(): value for name, value in response.headers.items()}
            status = response.status_code
            data = self._body(response, _ERROR if status >= 300 else most, origin)
        return Answer(status, names, data, origin, self.harmless(message_of(data)) if status >= 300 else "")

    def _body(self, response: "requests.Response", most: int, origin: str) -> bytes:
        import urllib3

        chunks, total, failed = [], 0, response.status_code >= 300
        try:
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                total += len(chunk)
                if total > most and not failed:
                    raise BackendError(f"{origin} sends more than {most:,} bytes", "Is it a Clair?")
                if total > most or self.left() < 0:
                    break
                chunks.append(chunk)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if failed:  # Clair breaks off the answer when it is too busy: the status says enough
                return b""
            slow = isinstance(error, urllib3.exceptions.TimeoutError)
            how = "stopped in the middle of its answer" if slow else "broke off its answer"
            raise _Failed(BackendError(f"{origin} {how}, after {total:,} bytes", "See Clair's log."), True, slow) from None
        if self.left() < 0 and not failed:
            raise BackendError(f"{origin} did not finish within {self.access.deadline:g} seconds", _MORE_TIME)
        return b"".join(chunks)

    def _base(self, url: str) -> tuple[str, str]:
        """Return a base URL without its user, and the header that names that one."""
        if not is_address(url):
            raise BackendError("the address of Clair is no address", "Name one such as http://clair.example:6060 .")
        parts = urlsplit(url.rstrip("/"))
        user, at, authority = parts.netloc.rpartition("@")
        name, _, password = map(unquote, user.partition(":"))
        basic = base64.b64encode(f"{name}:{password}".encode()).decode()
        if at:
            self.hide(user, password, user.partition(":")[2], basic)
        return f"{parts.scheme}://{authority}{parts.path}", f"Basic {basic}" if at else ""

    def _denied(self, answer: Answer) -> "Denied":
        if answer.status == 407:
            return Denied.of(answer, "the proxy asks for credentials", "Put them into the address of the proxy.")
        hint = "Does it need a shared key (PSK), or is a proxy in between?"
        if self.access.psk:
            issuer = clean(self.access.issuer, 60)
            hint = f"Is the key the right one, in base64, and is the issuer {issuer!r} in Clair's list (auth.psk.iss)?"
            with suppress(TypeError, ValueError, OverflowError, OSError):
                ahead = time.time() - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
                if abs(ahead) > _SKEW:
                    word = "ahead of" if ahead > 0 else "behind"
                    hint = f"The clock of this machine is {abs(ahead):.0f} seconds {word} that of Clair: set it right."
        return Denied.of(answer, "Clair refuses access", hint)

    def _unreachable(self, url: str, error: Exception) -> _Failed:
        """The text of the error is not used: it may show an address with a password in it."""
        import requests
        import urllib3

        host, told, again = f"Clair at {_shown(url)}", str(error), False
        cause = http.cause(error)
        name = type(cause).__name__
        if isinstance(error, requests.exceptions.ProxyError):
            return _Failed(BackendError(f"{host} cannot be reached: the proxy refuses or does not answer", _SETTINGS))
        if isinstance(error, requests.exceptions.SSLError):
            if "CERTIFICATE_VERIFY_FAILED" in told:
                hint = "If its certificate is of your own authority, name the file of that; it must be made out to this name."
                return _Failed(BackendError(f"{host} cannot be reached: its certificate is not trusted", hint))
            return _Failed(
                BackendError(f"{host} cannot be reached: TLS fails", "Does it ask for a client certificate? Is it http?")
            )
        if isinstance(error, requests.ReadTimeout) or isinstance(cause, urllib3.exceptions.ReadTimeoutError):
            silence = min(self.access.timeout, self.access.deadline)
            return _Failed(BackendError(f"{host} was silent for {silence:g} seconds", _MORE_TIME), True, slow=True)
        if isinstance(error, requests.ConnectTimeout):
            return _Failed(BackendError(f"{host} cannot be reached: it does not answer in time", _SETTINGS), self._met)
        if name == "NameResolutionError":
            return _Failed(BackendError(f"{host} cannot be reached: no such host", _SETTINGS))
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            return _Failed(BackendError(f"{host} cannot be reached: nothing listens there", _SETTINGS), self._met)
        if isinstance(error, requests.exceptions.InvalidHeader):
            return _Failed(BackendError("a header for Clair has characters that no header has", "Set it again."))
        if isinstance(error, OSError) and "CA certificate" in told:
            return _Failed(BackendError("the CA file in REQUESTS_CA_BUNDLE cannot be read", "Name a file in PEM format."))
        again = isinstance(error, requests.ConnectionError)
        return _Failed(BackendError(f"{host} cannot be reached: the connection fails ({name})", _SETTINGS), again)


def find_api(client: Client) -> str:
    """Return "v4" or "v1", whichever answers; raises BackendError that names what each answered."""
    if client.access.api:
        return client.access.api
    told = []
    for api, path, key in (("v4", "/indexer/api/v1/index_state", "state"), ("v1", "/v1/namespaces", "Namespaces")):
        answer = client.call("GET", path, most=1 << 20)
        told.append(f"{answer.status} to GET {path}")
        if answer.status == 200:
            with suppress(BackendError):
                if key in answer.document():
                    return api
            told[-1] += " without what Clair says there"
    raise BackendError(
        f"{client.indexer} does not speak like a Clair: it answered {' and '.join(told)}",
        "Name the base address of its API (port 6060, not that of its health or metrics).",
    )


def _shown(url: str) -> str:
    return clean(urlsplit(url).netloc.rpartition("@")[2], 200)
