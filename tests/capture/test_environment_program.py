"""What is recorded of the program: variables, command line, seeds."""

from __future__ import annotations

import os
import random

import pytest

from trackio_client.capture.environment import gather, machine, program
from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.scene import Scene
from trackio_client.masking import Masker


@pytest.mark.requirement("S3.40", "S1.62")
def test_only_listed_variables_are_taken_and_none_that_holds_a_secret():
    environ = {
        "CUDA_VISIBLE_DEVICES": "0", "NCCL_DEBUG": "INFO", "OMP_NUM_THREADS": "4", "HOME": "/home/jane", "PATH": "/bin",
        "HF_TOKEN": "hf_abc", "WANDB_API_KEY": "k", "NCCL_SECRET_TOKEN": "t", "ACCELERATE_API_KEY": "k",
    }  # fmt: skip
    assert program.variables(environ).values["variables"] == {
        "CUDA_VISIBLE_DEVICES": "0", "NCCL_DEBUG": "INFO", "OMP_NUM_THREADS": "4",
    }  # fmt: skip


@pytest.mark.requirement("S1.62")
def test_secrets_of_a_command_line_are_masked_in_each_way_to_write_them_b18():
    words = ["python", "train.py", "--hf_token", "abc", "--lr", "3", "--api-key=xyz", "--max_tokens", "512",
             "PASSWORD=p", "--trackio-token", "--flag", "hf_" + "q" * 30, "-k", "v"]  # fmt: skip
    assert Masker(environ={}).words(words) == [
        "python", "train.py", "--hf_token", "***", "--lr", "3", "--api-key=***", "--max_tokens", "512", "PASSWORD=***",
        "--trackio-token", "--flag", "***", "-k", "v",
    ]  # fmt: skip


@pytest.mark.requirement("S3.45")
def test_seeds_are_told_where_they_can_be_known_without_drawing_a_number():
    numpy = pytest.importorskip("numpy")
    torch = pytest.importorskip("torch")
    numpy.random.seed(1234)
    torch.manual_seed(77)
    random.seed(5)
    before = random.getstate(), torch.get_rng_state()
    found = program.seeds({"PYTHONHASHSEED": "9"})
    assert (found.values["seeds.numpy"], found.values["seeds.torch"], found.values["seeds.python_hash"]) == (
        1234,
        77,
        9,
    )
    assert "does not tell" in found.not_captured["seeds.python"]
    assert before[0] == random.getstate()
    assert torch.equal(before[1], torch.get_rng_state())
    assert numpy.random.random() == numpy.random.RandomState(1234).random()
    assert "drawn since" in program.seeds({}).not_captured["seeds.numpy"]


@pytest.mark.requirement("S3.49")
def test_a_part_that_breaks_takes_no_other_with_it(monkeypatch):
    monkeypatch.setattr(machine, "processor", lambda: 1 / 0)
    monkeypatch.setattr(program, "personal", lambda: os.stat("/nowhere/at all"))  # noqa: PTH116
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=0)
    found = gather.gather(scene, Found())
    assert found.not_captured["cpu"] == "ZeroDivisionError: division by zero"
    assert found.not_captured["user"].startswith("FileNotFoundError")
    assert {"python.version", "memory.total_bytes", "packages"} <= found.values.keys()
