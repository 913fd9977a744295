"""HTTP: only our own answers count; addresses, tokens and proxies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from trackio_client.delivery.address import address_of
from trackio_client.delivery.http import HttpTransport
from trackio_client.errors import Gap, Gone, Overlap, Rejected, StoreFull, Unauthorized, Unavailable, UsageError
from trackio_client.wire.batches import Batch, Receipt, unpack

BATCH = Batch(
    writer_id="w_1",
    experiment_id="exp_1",
    project="p",
    generation=0,
    first_seq=0,
    count=0,
    first_held=0,
    body=b"12345678",
)


class Answers:
    """A server on this machine that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b"", {"Content-Type": "application/json"}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        answers = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answers.asked.append((self.path, dict(self.headers), body))
                self.send_response(answers.status)
                for name, value in {**answers.headers, "Content-Length": str(len(answers.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answers.body)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *given: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def say(self, status: int, content: Any, **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.fixture
def answers() -> Iterator[Answers]:
    made = Answers()
    yield made
    made.server.shutdown()
    made.server.server_close()


def problem(slug: str, **more: Any) -> dict[str, Any]:
    return {"type": f"https://example.org/problems/{slug}", "title": slug, "detail": f"it is {slug}", **more}


def test_a_receipt_is_understood_and_the_batch_travels_whole(answers: Answers) -> None:
    receipt = Receipt(writer_id="w_1", store_id="s", incarnation="i", accepted=((0, 4),), events=4)
    answers.say(200, receipt.to_json(), X_Trackio="1")
    transport = HttpTransport(answers.address, token="secret-token")
    assert transport.send(BATCH) == receipt
    transport.close()
    path, headers, body = answers.asked[0]
    assert path == "/v1/writers/w_1/events"
    assert headers["X-Trackio-Token"] == "secret-token"
    assert unpack(body) == BATCH


@pytest.mark.parametrize(
    ("status", "slug", "error"),
    [
        (409, "gap", Gap), (409, "overlap", Overlap), (410, "gone", Gone), (401, "unauthorized", Unauthorized),
        (403, "forbidden", Unauthorized), (400, "malformed", Rejected), (413, "too-large", Rejected),
        (503, "starting", Unavailable), (507, "store-full", StoreFull), (500, "anything", Unavailable),
    ],
)  # fmt: skip
def test_each_problem_of_ours_has_its_meaning(answers: Answers, status: int, slug: str, error: type[Exception]) -> None:
    answers.say(status, problem(slug, want=7), X_Trackio="1", Retry_After="3")
    transport = HttpTransport(answers.address)
    with pytest.raises(error, match=f"it is {slug}") as caught:
        transport.send(BATCH)
    transport.close()
    if isinstance(caught.value, Gap):
        assert caught.value.want == 7
    if isinstance(caught.value, Unavailable):
        assert caught.value.retry_after_s == 3.0


@pytest.mark.requirement("S1.58")
@pytest.mark.parametrize("status", [200, 301, 401, 403, 404, 410, 413, 429, 500, 502, 503])
@pytest.mark.parametrize("content", [b"<html>Sleeping\xff</html>", {"status": "ok"}, b"", [1], {"type": "about:blank"}])
def test_what_a_stranger_answers_means_try_again(answers: Answers, status: int, content: Any) -> None:
    answers.say(status, content, Content_Type="text/html", Location="https://elsewhere.example")
    transport = HttpTransport(answers.address)
    with pytest.raises(Unavailable):
        transport.send(BATCH)
    transport.close()


def test_a_receipt_of_another_writer_is_not_believed(answers: Answers) -> None:
    answers.say(200, Receipt(writer_id="w_2", store_id="s", incarnation="i").to_json(), X_Trackio="1")
    transport = HttpTransport(answers.address)
    with pytest.raises(Unavailable, match="another writer"):
        transport.send(BATCH)
    transport.close()


def test_nobody_there_is_unavailable(answers: Answers) -> None:
    answers.server.shutdown()
    answers.server.server_close()
    with pytest.raises(Unavailable, match="cannot be reached"):
        HttpTransport(answers.address).send(BATCH)


def test_a_proxy_of_the_environment_is_used_and_this_machine_is_asked_directly(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", answers.address.replace("http://", "http://user:pass@"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    answers.say(200, Receipt(writer_id="w_1", store_id="s", incarnation="i").to_json(), X_Trackio="1")
    far = HttpTransport("http://space.example:8000/base")
    far.send(BATCH)
    far.close()
    path, headers, body = answers.asked[0]
    assert path == "http://space.example:8000/base/v1/writers/w_1/events"
    assert headers["Proxy-Authorization"].startswith("Basic ")
    assert unpack(body) == BATCH  # compressed on the way to another machine
    near = HttpTransport("http://localhost:1")
    with pytest.raises(Unavailable):
        near.send(BATCH)
    assert len(answers.asked) == 1


def test_the_hub_token_goes_to_hf_space_over_https_only() -> None:
    def headers(address: str) -> dict[str, str]:
        return HttpTransport(address, token="t", hub_token="hf_abc")._headers

    assert headers("https://me-space.hf.space")["X-HF-Authorization"] == "Bearer hf_abc"
    for other in (
        "http://me-space.hf.space",
        "https://example.org",
        "https://hf.space.example.org",
        "https://evilhf.space",
    ):
        assert "X-HF-Authorization" not in headers(other)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("Me/my_space.v2", "https://me-my-space-v2.hf.space"),
        ("https://huggingface.co/spaces/Me/My-Space", "https://me-my-space.hf.space"),
        ("https://my-org-my-space.hf.space/", "https://my-org-my-space.hf.space"),
        ("http://localhost:7860", "http://localhost:7860"),
        ("localhost:7860", "http://localhost:7860"),
        ("127.0.0.1:7860/", "http://127.0.0.1:7860"),
        ("tracker.example.org", "https://tracker.example.org"),
        ("https://tracker.example.org/base/", "https://tracker.example.org/base"),
        ("https://müller.example:8080/base", "https://xn--mller-kva.example:8080/base"),
    ],
)
def test_an_address_is_found_from_what_people_write(given: str, address: str) -> None:
    assert address_of(given) == address


@pytest.mark.parametrize(
    "given",
    ["ftp://x", "a/b/c", "http://", "http://x:port", "", "hello world", "http://ex.org/☃", "exämple.org", "http://a b"],
)
def test_what_is_no_address_is_refused_with_what_is_wanted(given: str) -> None:
    with pytest.raises(UsageError, match="owner/space"):
        address_of(given)
