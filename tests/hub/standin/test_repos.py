"""The stand-in's repos as huggingface_hub makes, sees, fills and loses them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    BadRequestError,
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.hub_server import Hub

EXP = {"repo_id": "me/exp", "repo_type": "dataset"}


def put(api: HfApi, message: str = "put", parent: str | None = None, **files: bytes) -> str:
    operations = [CommitOperationAdd(path.replace("__", "/"), content) for path, content in files.items()]
    return api.create_commit(operations=operations, commit_message=message, parent_commit=parent, **EXP).oid


def status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    return error.value.response.status_code


def test_whoami_tells_plan_organisations_and_the_token(hub):
    me = HfApi(hub.url, token="hf_me").whoami()
    assert (me["name"], me["isPro"], me["canPay"], [o["name"] for o in me["orgs"]]) == ("me", False, False, ["lab"])
    assert me["auth"]["accessToken"]["role"] == "write"
    assert HfApi(hub.url, token="hf_pro").whoami()["isPro"]
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(hub.url, token="hf_nobody").whoami()


def test_a_fine_grained_token_may_do_what_its_rights_say(hub, api):
    right = {"type": "dataset", "name": "me/exp", "permissions": ["repo.content.read", "repo.write"]}
    hub.add_token("hf_fine", role="fineGrained", scoped=[right])
    fine = HfApi(hub.url, token="hf_fine")
    (scoped,) = fine.whoami()["auth"]["accessToken"]["fineGrained"]["scoped"]
    assert (scoped["entity"]["name"], scoped["permissions"]) == ("me/exp", right["permissions"])
    assert put(fine, a=b"1") == fine.dataset_info("me/exp").sha
    api.create_repo("me/other", repo_type="dataset", visibility="private")
    with pytest.raises(RepositoryNotFoundError):
        fine.dataset_info("me/other")
    with pytest.raises(HfHubHTTPError) as refused:
        fine.create_repo("me/third", repo_type="dataset", visibility="private")
    assert status(refused) == 403


def test_a_token_that_ended_is_refused_and_a_reader_may_not_write(hub, api):
    hub.add_token("hf_short", lasts_s=60)
    assert HfApi(hub.url, token="hf_short").dataset_info("me/exp").private
    hub.advance(61)
    with pytest.raises(HfHubHTTPError, match="Invalid credentials in Authorization header") as ended:
        HfApi(hub.url, token="hf_short").dataset_info("me/exp")
    assert status(ended) == 401
    with pytest.raises(HfHubHTTPError, match="write token") as refused:
        put(HfApi(hub.url, token="hf_me_read"), a=b"1")
    assert status(refused) == 403
    hub.revoke("hf_me_read")
    with pytest.raises(HfHubHTTPError):
        HfApi(hub.url, token="hf_me_read").dataset_info("me/exp")


def test_a_private_repo_is_not_there_for_strangers_until_it_is_public(hub, api):
    put(api, a=b"1")
    stranger, nobody = HfApi(hub.url, token="hf_stranger"), HfApi(hub.url, token=False)
    with pytest.raises(RepositoryNotFoundError) as hidden:
        stranger.dataset_info("me/exp")
    assert status(hidden) == 404
    with pytest.raises(RepositoryNotFoundError) as unknown:
        nobody.list_repo_files(**EXP)
    assert status(unknown) == 401
    api.update_repo_settings(visibility="public", **EXP)
    assert stranger.list_repo_files(**EXP) == nobody.list_repo_files(**EXP) == [".gitattributes", "a"]
    with pytest.raises(HfHubHTTPError) as refused:
        put(stranger, b=b"2")
    assert status(refused) == 403
    assert (api.auth_check("me/exp", repo_type="dataset", write=True), api.dataset_info("me/exp").private) == (
        None,
        False,
    )


def test_a_repo_is_made_once_and_can_go(hub, api):
    made = api.create_repo("me/exp", repo_type="dataset", exist_ok=True)
    assert (made.repo_id, made.repo_type) == ("me/exp", "dataset")
    with pytest.raises(HfHubHTTPError, match="already created") as again:
        api.create_repo("me/exp", repo_type="dataset")
    assert status(again) == 409
    assert api.create_repo("lab/exp", repo_type="dataset", visibility="private").namespace == "lab"
    with pytest.raises(HfHubHTTPError, match="don't have the rights") as foreign:
        api.create_repo("pro/exp", repo_type="dataset")
    assert status(foreign) == 403
    with pytest.raises(BadRequestError):
        api.create_repo("lab/exp2", repo_type="dataset", visibility="secret")
    api.delete_repo("me/exp", repo_type="dataset")
    assert not api.repo_exists("me/exp", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo("me/exp", repo_type="dataset")


def test_info_names_head_files_and_card(hub, api):
    put(api, data__a=b"PAR1" * 10)
    card = b"---\ntags:\n- trackio\nlicense: mit\n---\nhello"
    head = api.upload_file(path_or_fileobj=card, path_in_repo="README.md", **EXP).oid
    info = api.dataset_info("me/exp", files_metadata=True)
    assert (info.sha, info.private, info.author, info.tags) == (head, True, "me", ["trackio", "region:us"])
    assert info.card_data is not None
    assert info.card_data.license == "mit"
    assert info.last_modified is not None
    assert [s.rfilename for s in info.siblings or ()] == [".gitattributes", "README.md", "data/a"]
    assert info.siblings[1].size == len(card)
    assert api.dataset_info("me/exp", expand=["sha"]).siblings is None
    with pytest.raises(RevisionNotFoundError):
        api.dataset_info("me/exp", revision="0" * 40)


def test_a_commit_adds_deletes_and_copies_at_once(hub, api):
    put(api, old=b"o", dir__a=b"1", dir__b=b"2", keep=b"k")
    operations = [
        CommitOperationAdd("new", b"n"),
        CommitOperationDelete("old"),
        CommitOperationDelete("dir/"),
        CommitOperationCopy("keep", "copied"),
    ]
    done = api.create_commit(operations=operations, commit_message="all kinds", commit_description="why", **EXP)
    assert api.list_repo_files(**EXP) == [".gitattributes", "copied", "keep", "new"]
    assert done.commit_url.endswith(f"/datasets/me/exp/commit/{done.oid}")
    assert api.dataset_info("me/exp", revision=done.oid[:7]).sha == done.oid
    with pytest.raises(EntryNotFoundError):
        api.delete_file("old", **EXP)
    with pytest.raises(BadRequestError):
        put(api, keep__x=b"a file is no folder")


def test_a_commit_on_a_head_that_moved_is_refused_whole(hub, api):
    parent = api.dataset_info("me/exp").sha
    head = put(api, parent=parent, a=b"1")
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as moved:
        put(api, parent=parent, b=b"2")
    assert status(moved) == 412
    assert "b" not in api.list_repo_files(**EXP)
    assert put(api, parent=head, b=b"2") == api.dataset_info("me/exp").sha


def test_of_eight_writers_with_one_parent_one_wins(hub, api):
    parent = api.dataset_info("me/exp").sha

    def write(n: int) -> int:
        try:
            put(HfApi(hub.url, token="hf_me"), parent=parent, **{f"w{n}": b"w"})
        except HfHubHTTPError as error:
            return error.response.status_code
        return 200

    with ThreadPoolExecutor(8) as writers:
        assert sorted(writers.map(write, range(8))) == [200] + [412] * 7
    assert len(hub.pushes("me/exp")) == 1


def test_one_commit_at_a_time_and_a_head_that_is_told_late(hub, api):
    hub.limit(commit_takes_s=60)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(put, api, a=b"1")
        while not hub.requests("/commit/"):
            time.sleep(0.01)
        with pytest.raises(HfHubHTTPError, match="Another commit operation is in progress") as busy:
            put(api, b=b"2")
        hub.limit(commit_takes_s=0)
        assert (status(busy), first.result()) == (409, api.dataset_info("me/exp").sha)
    hub.advance(100)
    hub.limit(head_lag_s=30)
    head = put(api, a=b"2")
    assert api.dataset_info("me/exp").sha == first.result()
    assert api.list_repo_commits(**EXP)[0].commit_id == head
    hub.advance(31)
    assert api.dataset_info("me/exp").sha == head


def test_lfs_files_by_pattern_and_by_size_keep_their_names(hub, api):
    hub.limit(lfs_threshold_bytes=1000)
    big, small = b"b" * 1000, b"s" * 999
    put(api, a__b=big, c=small)
    api.upload_file(path_or_fileobj=b"PAR1", path_in_repo="t.parquet", **EXP)
    found = {f.path: f for f in api.get_paths_info(paths=["a/b", "c", "t.parquet", "a", "none"], **EXP)}
    assert set(found) == {"a/b", "c", "t.parquet", "a"}
    assert (found["a/b"].lfs.size, found["c"].lfs, found["t.parquet"].size) == (1000, None, 4)
    sent = len(hub.requests("PUT .*/upload/"))
    api.create_commit(operations=[CommitOperationCopy("a/b", "moved")], commit_message="copy", **EXP)
    assert put(api, a__b=big) == api.dataset_info("me/exp").sha  # nothing new: no commit at all
    assert (len(hub.requests("PUT .*/upload/")), hub.pushes("me/exp")[-1]["title"]) == (sent, "copy")


def test_the_tree_comes_in_pages_and_by_folder(hub, api):
    hub.limit(tree_page=3, tree_page_expanded=2)
    put(api, **{f"x__f{n}": b"%d" % n for n in range(7)}, top=b"t")
    every = [e.path for e in api.list_repo_tree(recursive=True, **EXP)]
    assert every == [".gitattributes", "top", "x", *(f"x/f{n}" for n in range(7))]
    assert [e.path for e in api.list_repo_tree(**EXP)] == [".gitattributes", "top", "x"]
    expanded = list(api.list_repo_tree(path_in_repo="x", expand=True, **EXP))
    assert (len(expanded), expanded[0].last_commit.title) == (7, "put")
    assert len(hub.requests("GET .*/tree/")) == 4 + 1 + 4
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(path_in_repo="y", **EXP))


def test_commits_are_listed_in_pages_newest_first(hub, api):
    hub.limit(commits_page=4)
    for n in range(9):
        put(api, f"commit {n}", n=b"%d" % n)
    listed = api.list_repo_commits(**EXP)
    assert [c.title for c in listed] == [f"commit {n}" for n in reversed(range(9))] + ["initial commit"]
    assert (listed[0].authors, len(hub.requests("/commits/"))) == (["me"], 3)
    assert listed[0].created_at >= listed[-1].created_at


def test_a_squash_ends_history_and_keeps_files(hub, api):
    first = put(api, a=b"1")
    put(api, a=b"2", b=b"3")
    api.super_squash_history(commit_message="one", **EXP)
    assert [c.title for c in api.list_repo_commits(**EXP)] == ["one"]
    assert api.list_repo_files(**EXP) == [".gitattributes", "a", "b"]
    assert len(hub.pushes("me/exp")) == 2
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_files(revision=first, **EXP)
    with pytest.raises(RevisionNotFoundError):
        api.super_squash_history(branch="none", **EXP)


def test_tags_and_branches_hold_a_place(hub, api):
    first = put(api, a=b"1")
    api.create_tag(tag="v1", **EXP)
    api.create_branch(branch="side", revision=first, **EXP)
    put(api, a=b"2")
    refs = api.list_repo_refs(**EXP)
    assert ({t.name: t.target_commit for t in refs.tags}, len(refs.branches)) == ({"v1": first}, 2)
    api.super_squash_history(**EXP)
    assert api.dataset_info("me/exp", revision="v1").sha == first
    with pytest.raises(HfHubHTTPError):
        api.create_tag(tag="v1", **EXP)
    api.delete_tag(tag="v1", **EXP)
    api.delete_branch(branch="side", **EXP)
    assert (api.list_repo_refs(**EXP).tags, len(api.list_repo_commits(**EXP))) == ([], 1)


def test_limits_of_files_folders_and_commits_per_hour(hub, api):
    hub.limit(files_per_commit=3, entries_per_folder=5, commits_per_hour=2)
    with pytest.raises(BadRequestError, match="Too many files in one commit: 4"):
        put(api, **{f"f{n}": b"" for n in range(4)})
    put(api, x__1=b"1", x__2=b"2", x__3=b"3")
    with pytest.raises(BadRequestError, match="Too many entries in 'x'"):
        put(api, x__4=b"4", x__5=b"5", x__6=b"6")
    put(api, x__4=b"4")
    with pytest.raises(HfHubHTTPError, match=r"2 per hour.*about 1 hour") as full:
        put(api, x__5=b"5")
    assert (status(full), full.value.response.headers["Retry-After"]) == (429, "271")
    assert [(p["files"], p["bytes"]) for p in hub.pushes("me/exp", last_s=3600)] == [(3, 3), (1, 1)]
    hub.advance(3601)
    assert hub.pushes("me/exp", last_s=3600) == []
    assert put(api, x__5=b"5")


def test_a_card_is_checked_before_anything_is_sent(hub, api):
    with pytest.raises(ValueError, match="Invalid metadata in README"):
        api.upload_file(path_or_fileobj=b"---\na: [\n---\n", path_in_repo="README.md", **EXP)
    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        api.upload_file(path_or_fileobj=b"# no card", path_in_repo="README.md", **EXP)


def test_what_it_does_not_know_is_refused_and_named(hub, api):
    with pytest.raises(HfHubHTTPError, match="does not know GET /api/datasets/me/exp/discussions") as refused:
        list(api.get_repo_discussions(**EXP))
    assert (status(refused), len(hub.unknown())) == (501, 1)
    assert "POST /api/repos/create" in hub.routes()
    hub.forget()
    assert hub.routes() == hub.unknown() == []


def test_the_answers_of_this_file_came_from_the_hub(hub: Hub, api: HfApi) -> None:
    put(api, a=b"1")
    routes = "preupload/{revision}", "commit/{revision}"
    assert set(hub.routes()) >= {f"POST /api/datasets/{{owner}}/{{name}}/{route}" for route in routes}
