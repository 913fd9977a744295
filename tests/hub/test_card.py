"""The card of a repo: ours between markers, everything else as it was, byte by byte."""

from __future__ import annotations

import pytest
import yaml
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard

from trackio_client.errors import NotOurs
from trackio_client.hub.files import tables
from trackio_client.hub.files.card import card
from trackio_client.hub.files.explained import _COLUMNS

CONFIGS = {name: f"{name}/**/*.parquet" for name in ("experiments", "metrics", "events")}
pytestmark = pytest.mark.requirement("S1.54")


def made(existing: str | None = None, **given: object) -> str:
    return card(existing, **{"repo": "me/exp", "configs": CONFIGS, **given})


def front(text: str) -> dict[str, object]:
    return dict(yaml.safe_load(text.split("---")[1]))


def names(text: str) -> list[str]:
    """Configurations as `datasets` sees them: it refuses keys that stand twice."""
    return list(MetadataConfigs.from_dataset_card_data(DatasetCard(text).data))


def theirs(text: str) -> str:
    """A card without what stands between markers."""
    lines, ours = [], False
    for line in text.splitlines(keepends=True):
        ours = ours or "trackio:begin" in line
        if not ours:
            lines.append(line)
        ours = ours and "trackio:end" not in line
    return "".join(lines)


def test_a_new_card_has_the_tag_the_configurations_and_the_columns_of_each_table():
    text = made()
    assert front(text)["tags"] == ["trackio"]
    assert names(text) == ["experiments", "metrics", "events"]
    assert front(text)["configs"][0] == {
        "config_name": "experiments",
        "data_files": "experiments/**/*.parquet",
        "default": True,
    }
    for schema, table in ((tables.METRICS, "metrics"), (tables.EVENTS, "events"), (tables.EXPERIMENTS, "experiments")):
        assert list(_COLUMNS[table][1]) == schema.names
        assert all(f"| `{column}` |" in text for column in schema.names)
    assert "# exp\n" in text
    assert 'load_dataset("me/exp", "metrics", split="train", streaming=True)' in text
    assert "trackio-client pull me/exp" in text
    assert "nowhere else" in text


def test_only_configurations_with_files_stand_in_it():
    assert names(made(configs={"experiments": "experiments/*.parquet"})) == ["experiments"]
    assert "### `metrics`" not in made(configs={"experiments": "experiments/*.parquet"})
    none = made(configs={})
    assert "configs" not in front(none)
    assert "load_dataset" not in none


def test_a_card_written_again_is_the_same_and_follows_what_there_is():
    few = made(configs={"experiments": CONFIGS["experiments"]})
    assert made(few) == made(made(few))
    assert names(made(few)) == ["experiments", "metrics", "events"]
    assert card(made(few), repo="me/exp", configs={"experiments": CONFIGS["experiments"]}) == few


def test_a_configuration_may_have_several_globs():
    text = made(configs={"metrics": ["metrics/a/*.parquet", "metrics/b/*.parquet"]})
    assert front(text)["configs"][0]["data_files"] == ["metrics/a/*.parquet", "metrics/b/*.parquet"]
    assert names(text) == ["metrics"]


def test_projects_are_named_for_people():
    text = made(projects=["mnist", "a`b", *(f"p{n}" for n in range(30))])
    assert "Projects: `mnist`, `a′b`, `p0`" in text
    assert "and 12 more." in text


FRONTS = {
    "none": "",
    "empty": "---\n---\n",
    "plain": "---\nlicense: mit\nlanguage:\n  - en\n---\n",
    "tags": "---\ntags:\n- mine  # of course\n\n# about the licence\nlicense: mit\n---\n",
    "indented": """---
license: mit
tags:
  - mine
  - trackio-like
configs:
  - config_name: own
    data_files: x.parquet
---
""",
    "brackets": """---
tags: [ mine, other ] # two
configs: [{config_name: own, data_files: x.parquet}]
license: mit
---
""",
    "empty brackets": "---\ntags: []\nconfigs: []\n---\n",
    "no value": "---\ntags:\nconfigs:\nlicense: mit\n---\n",
    "has our tag": "---\ntags:\n- trackio\n- mine\n---\n",
    "one tag": "---\ntags: mine\nlicense: mit\n---\n",
    "own of our name": """---
configs:
- config_name: metrics
  data_files:
  - split: train
    path: mine.parquet
---
""",
    "block text": """---
description: |
  A text
  # no comment

configs:
- config_name: own
  data_files: own/*.parquet
  description: >
    folded

    text
license: mit
---
""",
    "all indented": "---\n  license: mit\n  tags:\n  - mine\n---\n",
    "windows": "---\r\nlicense: mit\r\ntags:\r\n- mine\r\n---\r\n",
    "anchor": "---\ntags: &t\n  - mine\nconfigs: !!seq\n-   config_name: own\n    data_files: x.parquet\n---\n",
    "dataset info": """---
dataset_info:
  features:
  - name: x
    dtype: int64
  splits:
  - name: train
    num_examples: 3
---
""",
    "quoted": """---
"tags":
  - "mine"
'configs':
  - {config_name: own, data_files: x.parquet}
---
""",
}


@pytest.mark.parametrize("body", ["", "# Mine\n\ntext --- with dashes\n", "no newline at the end"])
@pytest.mark.parametrize("name", FRONTS)
def test_what_a_user_wrote_is_kept_byte_for_byte(name, body):
    newline = "\r\n" if name == "windows" else "\n"
    existing = FRONTS[name] + body.replace("\n", newline)
    text = made(existing)
    before = yaml.safe_load(existing.split("---")[1]) or {} if FRONTS[name] else {}
    after = front(text)
    for key, value in before.items():
        kept = after[key] if not isinstance(value, list) else [item for item in after[key] if item in value]
        assert kept == value or value is None
    assert "trackio" in str(after["tags"]) or name == "one tag"
    assert set(names(text)) == set(CONFIGS) | ({"own"} if "own," in existing or "own\n" in existing else set())
    assert made(text) == text
    assert all(line in text.splitlines() for line in existing.splitlines() if "[" not in line)
    if body and "brackets" not in name and FRONTS[name]:
        assert theirs(text).startswith(existing)
    assert (newline == "\r\n") == ("\r\n" in text)
    if newline == "\r\n":
        assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize("name", FRONTS)
def test_taking_ours_out_again_leaves_the_users_front_matter(name):
    text = made(FRONTS[name] + "# Mine\n")
    bare = card(text, repo="me/exp", configs={})
    if "- trackio\n" in FRONTS[name]:
        assert bare.startswith(FRONTS[name])
    assert made(bare) == text


def test_a_user_configuration_of_our_name_wins_and_of_theirs_none_is_made_the_default():
    text = made(FRONTS["own of our name"])
    (theirs,) = [c for c in front(text)["configs"] if c["config_name"] == "metrics"]
    assert theirs["data_files"] == [{"split": "train", "path": "mine.parquet"}]
    assert not any(c.get("default") for c in front(text)["configs"])


@pytest.mark.parametrize(
    "files",
    ["x.csv", "\n  - x.parquet\n  - y.json", "\n  - split: train\n    path: [x.parquet, y.csv]", "", "\n    a: b", "7"],
)
def test_beside_files_of_another_kind_ours_are_loaded_without_a_name(files):
    """`datasets` would read our Parquet as their CSV, or their CSV as Parquet."""
    existing = f"---\nconfigs:\n- config_name: own\n  data_files: {files}\n---\n"
    text = made(existing)
    assert [c["config_name"] for c in front(text)["configs"]] == ["own"]
    assert front(text)["tags"] == ["trackio"]
    assert 'load_dataset("parquet", data_files="hf://datasets/me/exp/metrics/**/*.parquet", split="train")' in text
    assert theirs(text).startswith(existing)


def test_the_body_is_replaced_between_its_markers_only():
    text = made("# Mine\n")
    assert text.index("# Mine") < text.index("<!-- trackio:begin -->")
    edited = text.replace("## Experiments, kept", "## edited").replace("# Mine\n", "# Mine\nmore\n") + "and after\n"
    again = made(edited)
    assert "edited" not in again
    assert "# Mine\nmore\n" in again
    assert again.endswith("<!-- trackio:end -->\nand after\n")


@pytest.mark.requirement("S1.51")
@pytest.mark.parametrize(
    ("existing", "why"),
    [
        ("---\nlicense: mit\n", "does not end with ---"),
        ("---\ntags: [a\n---\n", "no YAML"),
        ("---\na: 1\na: 2\n---\n", "'a' twice"),
        ("---\n- a\n---\n", "key: value"),
        ("---\njust text\n---\n", "key: value"),
        ("---\n{tags: [a]}\n---\n", "key: value"),
        ("---\na: &x [{data_files: x.parquet}]\nconfigs: *x\n---\n", "without a change to the rest"),
        ("---\na: &x\n- data_files: x.parquet\nconfigs: *x\n---\n", "without a change to the rest"),
        ("---\na: &x\n  - data_files: x.parquet\nconfigs: *x\n---\n", "without a change to the rest"),
        ("---\nconfigs: own\n---\n", "configs"),
        ("---\nconfigs:\n  own: x\n---\n", "configs"),
        ("---\n# trackio:begin\ntags:\n- trackio\n---\n", "without its"),
        ("---\ntags:\n- trackio\n# trackio:end\n---\n", "without its"),
        ("<!-- trackio:begin -->\n", "once each"),
        ("<!-- trackio:end --><!-- trackio:begin -->", "once each"),
        ("<!-- trackio:begin --><!-- trackio:end -->" * 2, "once each"),
        ("\ufeff---\na: 1\n---\n", "byte order mark"),
        ("\n---\na: 1\n---\n", "blanks before"),
    ],
)
def test_a_card_that_cannot_be_understood_is_left_alone_and_named(existing, why):
    with pytest.raises(NotOurs, match=r"README\.md: ") as said:
        made(existing)
    assert why in str(said.value)


def test_a_card_that_push_to_hub_wrote_takes_ours_beside_its_own():
    pushed = (
        "---\ndataset_info:\n- config_name: extra\n  features:\n  - name: x\n    dtype: int64\n  splits:\n"
        "  - name: train\n    num_bytes: 8\n    num_examples: 1\n  download_size: 1\n  dataset_size: 8\n"
        "configs:\n- config_name: extra\n  data_files:\n  - split: train\n    path: extra/train-*\n---\n"
    )
    text = made(pushed)
    assert names(text) == ["extra", "experiments", "metrics", "events"]
    assert theirs(text).startswith(pushed)
