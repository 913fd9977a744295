"""What a Space is made of: from these files alone, in a fresh folder, it runs. And the same for a container."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.ports import free_port
from trackio_client.errors import UsageError
from trackio_client.hub.spaces import files as space_files
from trackio_client.hub.spaces.card import card_of_space, updated
from trackio_client.hub.spaces.files import changes, files_of_space, git_id, gradio_of

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"PIL": "pillow", "yaml": "pyyaml"}
OPTIONAL = {"certifi", "pandas", "spaces"}
"""Used where they are: by the client on a Mac without certificates, of tables that are frames; on ZeroGPU, its own."""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return files_of_space()


def front_matter(text: str) -> dict[str, object]:
    return dict(yaml.safe_load(text.split("---")[1]))


def imports_of(path: str, content: bytes) -> set[str]:
    """Every module that a file imports, late ones too."""
    found = set()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_all_that_is_imported_is_among_them_or_among_the_requirements(files):
    wanted = {Requirement(line).name for line in pins(files)}
    missing = []
    for path, content in files.items():
        if not path.endswith(".py"):
            continue
        for module in imports_of(path, content):
            top = module.split(".")[0]
            if top in ("space", "trackio_client"):
                at = module.replace(".", "/")
                folder = at.rsplit("/", 1)[0]
                there = {f"{at}.py", f"{at}/__init__.py", f"{folder}.py", f"{folder}/__init__.py"}
                if not there & files.keys():
                    missing.append(f"{path} imports {module}")
            elif top not in sys.stdlib_module_names and NAMES.get(top, top) not in wanted | OPTIONAL:
                missing.append(f"{path} imports {module}")
    # The client's public names are loaded on first use; a Space never asks for them.
    assert [line for line in missing if not line.startswith(LAZY)] == []


_CLIENTS = (
    "artifact_calls.py",
    "artifacts/artifact.py",
    "artifacts/changing.py",
    "artifacts/fetching.py",
    "artifacts/tables.py",
    "calls.py",
    "saving.py",
    "__init__.py",
)
LAZY = (
    *(f"trackio_client/{path} imports trackio_client.reader" for path in _CLIENTS),
    "trackio_client/__init__.py imports trackio_client.monitor",
    "trackio_client/__init__.py imports trackio_client.integrations",
    "trackio_client/__main__.py imports",
)


def pins(files: dict[str, bytes]) -> list[str]:
    lines = files["requirements.txt"].decode().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_it_holds_no_test_no_cache_and_no_half_for_trainers(files):
    assert {path.split("/")[0] for path in files} == {"app.py", "requirements.txt", "space", "trackio_client"}
    for path in files:
        assert "__pycache__" not in path
        assert not path.endswith(".pyc")
        assert not path.startswith(("trackio_client/cli/", "trackio_client/integrations/"))
    assert "trackio_client/view/charts/chart.js" in files


@pytest.mark.requirement("S1.83")
def test_a_space_runs_from_exactly_these_files(files, tmp_path):
    for path, content in files.items():
        (tmp_path / "app" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "app" / path).write_bytes(content)
    port = free_port()
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "SPACE_ID": "me/curves",
        "TRACKIO_WRITE_TOKEN": "t",
        "TRACKIO_DIR": str(tmp_path / "data"),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
    }
    # -P and the folder first: an editable install of this checkout must not lend it anything.
    code = "import sys, runpy; sys.path.insert(0, '.'); import space, trackio_client as t; print(space.__file__, "
    code += "t.__file__, flush=True); sys.argv = ['app.py']; runpy.run_path('app.py', run_name='__main__')"
    command = [sys.executable, "-P", "-c", code]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(command, cwd=tmp_path / "app", env=environ, stdout=log, stderr=log, text=True)
    try:
        until, seen = time.monotonic() + 120, ""
        while time.monotonic() < until and process.poll() is None and not seen:
            try:
                seen = page(f"http://127.0.0.1:{port}/v1/health")
            except OSError:
                time.sleep(0.1)
        said = (tmp_path / "log").read_text()
        assert '"status"' in seen, said
        assert str(tmp_path / "app" / "space") in said
        assert "trackio-client" not in said.splitlines()[0]
        assert "gradio_config" in page(f"http://127.0.0.1:{port}/", token="t")
        assert "export" in page(f"http://127.0.0.1:{port}/lib/charts/chart.js", token="t")
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def page(address: str, token: str = "") -> str:
    asked = urllib.request.Request(address, headers={"X-Trackio-Token": token} if token else {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=120) as answer:
        return str(answer.read().decode())


def test_an_installed_wheel_deploys_the_same_files(files, tmp_path, monkeypatch):
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--quiet"]
    done = subprocess.run([*command, "-w", str(tmp_path), str(ROOT)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    monkeypatch.setattr(space_files, "INSTALLED_IN", tmp_path / "site")
    deployed = files_of_space()
    assert deployed.keys() == files.keys()
    assert all(deployed[path] == files[path] for path in ("app.py", "requirements.txt", "space/server.py"))
    (tmp_path / "site" / "trackio_client" / "space_root" / "app.py").unlink()
    with pytest.raises(UsageError, match="Install trackio-client anew"):
        files_of_space()


@pytest.mark.requirement("S1.84")
def test_the_front_matter_of_readme_and_card_is_what_the_hub_reads(files):
    ours, theirs = (ROOT / "README.md").read_text(), card_of_space("me/curves", gradio=gradio_of(files))
    for text in (ours, theirs):
        card = front_matter(text)
        assert card["sdk"] == "gradio"
        assert card["sdk_version"] == gradio_of(files)
        assert card["python_version"] == "3.12"
        assert card["app_file"] == "app.py"
        assert card["license"] == "apache-2.0"
        assert card["hf_oauth"] is True
        assert card["tags"] == ["trackio"]
        assert card["colorFrom"] in COLORS
        assert card["colorTo"] in COLORS
        assert 0 < len(str(card["short_description"])) <= 60
        assert card["title"]
        assert card["emoji"]
        assert not {"suggested_storage", "thumbnail"} & card.keys()


COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.mark.parametrize("name", ["me/1.5", "me/null", "me/a-b_c.d", "me/2026-11-21"])
def test_a_name_of_any_look_is_a_title(name):
    assert front_matter(card_of_space(name, gradio="6.31.0"))["title"] == name.split("/")[1]


@pytest.mark.requirement("S1.84")
def test_the_requirements_are_pinned_within_what_the_package_allows(files):
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [told["dependencies"], told["optional-dependencies"]["space"], told["optional-dependencies"]["hub"]]
    allowed = {Requirement(text).name.lower(): Requirement(text).specifier for texts in lists for text in texts}
    for line in pins(files):
        pin = Requirement(line)
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), line
        version = line.split("==")[1]
        assert version in allowed.get(pin.name.lower(), pin.specifier), line


def test_a_card_keeps_what_its_owner_wrote():
    card = "---\ntitle: Mine\nsdk_version: 5.0.0\n---\n\n# Mine\nsdk_version: 1\n"
    assert updated(card, {"sdk_version": "6.31.0", "tags": "x"}) == (
        "---\ntitle: Mine\nsdk_version: 6.31.0\ntags: x\n---\n\n# Mine\nsdk_version: 1\n"
    )
    assert updated("# no front matter\n---\n", {"a": "b"}) is None
    assert updated("---\nnever ends\n", {"a": "b"}) is None


def test_changes_are_what_differs_and_what_is_no_more():
    there = {"app.py": git_id(b"a"), "space/old.py": "x", "mine.txt": "x", "space/server.py": git_id(b"old")}
    wanted = {"app.py": b"a", "space/server.py": b"new", "requirements.txt": b""}
    add, delete = changes(wanted, there)
    assert add == {"space/server.py": b"new", "requirements.txt": b""}
    assert delete == ["space/old.py"]
    assert git_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # as git says


def test_zero_gpu_is_told_that_the_app_starts_and_nothing_else_is(tmp_path):
    fake = tmp_path / "spaces"
    (fake / "zero").mkdir(parents=True)
    (fake / "__init__.py").write_text("def GPU(function):\n    print('GPU', function.__name__)\n    return function\n")
    (fake / "zero" / "__init__.py").write_text("def startup():\n    print('startup')\n")
    code = "import runpy, sys; sys.path[:0] = ['.', sys.argv[1]]; runpy.run_path('app.py'); print('app')"
    for value, said in (("true", "GPU _no_gpu_is_needed\nstartup\napp\n"), ("", "app\n"), ("false", "app\n")):
        environ = {"PATH": "/usr/bin:/bin", "SPACES_ZERO_GPU": value}
        command = [sys.executable, "-c", code, str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120)
        assert done.stdout == said, done.stderr


# --- container -----------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def known_settings() -> set[str]:
    """What the server reads from its environment."""
    source = "".join(
        path.read_text() for path in [ROOT / "space" / "settings.py", ROOT / "trackio_client" / "settings.py"]
    )
    return set(re.findall(r'"((?:TRACKIO|HF|GRADIO)_[A-Z_]+)"', source)) | {"GRADIO_ANALYTICS_ENABLED"}


def ignored(path: str) -> bool:
    """As Docker reads .dockerignore: the last line that fits decides."""
    result = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        name = pattern.lstrip("!")
        if (
            name == "*"
            or path == name
            or path.startswith(f"{name}/")
            or (name.startswith("**/") and Path(path).match(name[3:]))
        ):
            result = not pattern.startswith("!")
    return result


def test_the_image_copies_what_exists_and_is_not_ignored():
    sources = [part for word, rest in instructions() if word == "COPY" for part in shlex.split(rest)[:-1]]
    assert {"app.py", "requirements.txt", "space", "trackio_client"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists()
        assert not ignored(source)
    for secret in (".env", ".env.local", ".git/config", "tests/conftest.py", ".venv/pyvenv.cfg", "space/__pycache__"):
        assert ignored(secret), secret


def test_the_image_runs_as_nobody_special_on_a_disk_that_stays():
    steps = instructions()
    words = [word for word, _ in steps]
    told = dict(steps)
    assert told["USER"] == "trackio"
    assert words.index("USER") < words.index("CMD")
    environ = dict(pair.split("=", 1) for word, rest in steps if word == "ENV" for pair in shlex.split(rest))
    assert environ["TRACKIO_DISK"] == "persistent"
    assert environ["TRACKIO_DIR"] == told["VOLUME"] == "/data"
    assert environ["GRADIO_SERVER_NAME"] == "0.0.0.0"
    ours = {name for name in environ if name.startswith(("TRACKIO_", "GRADIO_", "HF_"))}
    assert ours <= known_settings()
    assert told["FROM"] == "python:3.12-slim"


def test_the_health_check_is_python_that_fails_when_nobody_answers():
    check = next(rest for word, rest in instructions() if word == "HEALTHCHECK")
    command = yaml.safe_load(check[check.index("[") :])
    assert command[0] == "python"
    environ = {"PATH": "/usr/bin:/bin", "GRADIO_SERVER_PORT": "9"}
    done = subprocess.run([sys.executable, *command[1:]], env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Connection refused" in done.stderr


def test_compose_names_settings_that_there_are_and_refuses_to_start_without_a_token():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    (service,) = compose["services"].values()
    assert set(service["environment"]) <= known_settings()
    assert service["environment"]["TRACKIO_WRITE_TOKEN"].startswith("${TRACKIO_WRITE_TOKEN:?")
    assert service["ports"] == ["${TRACKIO_BIND:-127.0.0.1}:${TRACKIO_PORT:-7860}:7860"]
    assert service["volumes"] == ["data:/data"]
    assert set(compose["volumes"]) == {"data"}


def test_the_page_on_self_hosting_names_settings_that_there_are():
    text = (ROOT / "docs" / "self-hosting.md").read_text()
    known = known_settings() | {"TRACKIO_SPACE_HF_TOKEN", "TRACKIO_CONFIG_DIR", "TRACKIO_BIND", "TRACKIO_PORT"}
    assert set(re.findall(r"\b(?:TRACKIO|GRADIO|HF)_[A-Z_]+\b", text)) <= known
