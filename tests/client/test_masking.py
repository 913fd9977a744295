"""What counts as a secret, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from trackio_client.masking import MASK, Masker, is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        "hf_token",
        "HF_TOKEN",
        "api_key",
        "apiKey",
        "OPENAI_API_KEY",
        "password",
        "db/password",
        "client_secret",
        "aws_secret_access_key",
        "trackio_token",
        "Authorization",
        "token",
    ],
)
def test_names_that_hold_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "num_tokens",
        "tokenizer",
        "eos_token",
        "pad_token",
        "max_tokens",
        "token_acc",
        "key",
        "monkey",
        "learning_rate",
        "total_tokens",
        "mask_token",
        "keyboard",
        "decoder_start_token",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "hf_abcdefghijklmnopqrstuvwxyz",
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123",
        "ghp_abcdefghijklmnopqrstuvwxyz012345",
        "AKIAABCDEFGHIJKLMNOP",
        "xoxb-1234567890-abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.abcdef-123",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_texts_that_look_like_secrets_are_masked_wherever_they_stand(text: str) -> None:
    masked = Masker(environ={}).text(f"before {text} behind")
    assert masked == f"before {MASK} behind"


def test_secrets_in_addresses_headers_and_assignments_are_masked() -> None:
    mask = Masker(environ={}).text
    assert mask("git clone https://me:s3cret@example.org/x") == f"git clone https://me:{MASK}@example.org/x"
    assert mask("Authorization: Bearer abcdefgh12345") == f"Authorization: Bearer {MASK}"
    assert mask("run --api-key abcd1234 --lr 3") == f"run --api-key {MASK} --lr 3"
    assert mask("password='hunter22'") == f"password='{MASK}'"


def test_what_the_environment_holds_as_a_secret_is_masked_everywhere() -> None:
    masker = Masker(["given-one"], {"MY_API_KEY": "s3cr3t-value", "HOME": "/home/me", "SSH_AUTH_KEY": "/path/to/key"})
    assert (
        masker.text("a s3cr3t-value, given-one, /home/me and /path/to/key")
        == f"a {MASK}, {MASK}, /home/me and /path/to/key"
    )
    assert masker.config({"x": ["s3cr3t-value"]}) == {"x": [MASK]}


def test_a_configuration_is_masked_by_name_and_what_is_no_secret_stays() -> None:
    given = {
        "hf_token": "abc",
        "eos_token": "</s>",
        "token": "<|end|>",
        "num_tokens": 5,
        "use_auth_token": True,
        "api_key": None,
        "m": {"password": 1234},
    }
    assert Masker(environ={}).config(given) == {**given, "hf_token": MASK, "m": {"password": MASK}}


def test_masking_a_long_line_takes_no_time() -> None:
    import time

    began = time.thread_time()  # other load is no fault of ours
    Masker(environ={}).text("token " * 20_000 + "a" * 100_000 + "://" * 1000 + "eyJ" * 10_000)
    assert time.thread_time() - began < 2.0


def test_names_of_metrics_are_masked_too_and_stay_apart() -> None:
    masker = Masker(environ={})
    first, second = "hf_" + "a" * 20, "hf_" + "b" * 20
    assert masker.names({f"{first}/loss": 1.0, f"{second}/loss": 2.0, "loss": 3.0}) == {
        f"{MASK}/loss": 1.0,
        f"{MASK}/loss (2)": 2.0,
        "loss": 3.0,
    }
    assert masker.names({f"{second}/loss": 4.0}) == {f"{MASK}/loss (2)": 4.0}, "a name keeps its mask"


def test_a_secret_in_a_metrics_name_never_reaches_the_log(bench: Any, capsys: Any) -> None:
    secret = "hf_" + "s3cr3t" * 4
    with bench.init() as experiment:
        for step in range(3):
            experiment.log({f"lr/{secret}": float(step), "loss": 1.0}, step=step)
        experiment.log({f"note/{secret}": "text"}, step=3)
        experiment.define_metric(f"lr/{secret}", goal="min")
    assert [point for point in bench.points() if point[0] != "loss"] == [(f"lr/{MASK}", n, float(n)) for n in range(3)]
    assert [event["values"] for event in bench.events("text")] == [{f"note/{MASK}": "text"}]
    assert secret.encode() not in b"".join(batch.body for batch in bench.store.batches)
    said = capsys.readouterr().err
    assert said.count("holds a secret") == 1
    assert secret not in said
