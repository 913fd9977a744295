"""Tokens that no request can carry: named, never shown, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackio_client.delivery.http import HttpTransport
from trackio_client.delivery.tokens import flaw_of
from trackio_client.errors import Unauthorized
from trackio_client.opening import init
from trackio_client.reader.http import HttpSource

BROKEN = ["canary☃token", "canary\ntoken", "canary token", "canary\x00token", "canaryé"]


@pytest.mark.requirement("S1.62")
@pytest.mark.parametrize("token", BROKEN)
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        HttpTransport("http://127.0.0.1:9", token=token).find("p", "")
    assert "what stands in TRACKIO_TOKEN. Character 7 of" in str(refused.value)
    assert "canary" not in str(refused.value)
    with pytest.raises(Unauthorized, match="no request can carry"):
        HttpSource("http://127.0.0.1:9", token=token)


@pytest.mark.parametrize("token", [None, "", "hf_" + "a" * 34, "trk_w_0123456789-._~+/="])
def test_a_token_of_ordinary_letters_has_no_flaw(token: str | None) -> None:
    assert flaw_of(token, "HF_TOKEN") == ""


@pytest.mark.requirement("S1.58", "S1.62")
@pytest.mark.parametrize("token", BROKEN)
def test_a_training_with_such_a_token_goes_on_and_keeps_everything(
    token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = init(
        "p", trackio_url="http://127.0.0.1:9", trackio_token=token, directory=tmp_path, capture_console=False
    )
    experiment.log({"loss": 0.5}, step=1)
    experiment.finish(timeout_s=2)
    said = capsys.readouterr().err
    assert "what stands in TRACKIO_TOKEN. Character 7 of" in said
    assert "canary" not in said
    assert list((tmp_path / "v1" / "spool").iterdir())
    kept = b"".join(path.read_bytes() for path in (tmp_path / "v1").rglob("*") if path.is_file())
    assert b"canary" not in kept
