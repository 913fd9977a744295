"""Links in a real browser: the page, the frame, the file, and the dialog that makes them."""

from __future__ import annotations

import http.server
import re
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.sharing import OWNER, TOKEN, share, sideways
from tests.browser.trainings import Training, curve, trained
from tests.browser.waiting import becomes, holds
from tests.hub_server import running_hub

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def trainings(guarded):
    """Two that are shared, one that is not."""
    config = {"model": {"layers": 12}}
    return [
        trained(
            guarded.url, "shared", "brave-otter", token=TOKEN, config={"lr": 1e-3, **config}, notes="A <b>note</b>."
        ),
        trained(guarded.url, "shared", "calm-<i>heron</i>", token=TOKEN, rate=0.02, config={"lr": 2e-3, **config}),
        trained(guarded.url, "shared", "secret-plan", token=TOKEN),
    ]


def watch(page):
    """Every address that the page asks from now on."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def drawn(page):
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()


def test_a_link_shows_its_experiment_live_to_who_has_nothing_else(page, guarded):
    training = Training(guarded.url, "shared", "live-one", token=TOKEN, config={"lr": 1e-3})
    training.log([(step, curve(step)) for step in range(50)])
    link = share(guarded, training)
    asked = watch(page)
    page.goto(link["address"])
    drawn(page)
    expect(page.locator("h1")).to_have_text("live-one")
    expect(page.locator(".tk-facts")).to_contain_text("Step 49")
    expect(page.locator(".tk-chart")).to_have_count(3)
    expect(page.locator(".tk-kv[aria-label=Config]")).to_contain_text("0.001")
    training.log([(step, curve(step)) for step in range(50, 90)])
    expect(page.locator(".tk-facts")).to_contain_text("Step 89")
    token = link["address"].rpartition("/")[2]
    strange = {urlsplit(url).path for url in asked if not urlsplit(url).path.startswith((f"/s/{token}", "/lib/"))}
    assert strange - {"/favicon.ico"} == set()
    assert page.context.cookies() == []
    assert "secret-plan" not in page.content()


def test_what_a_user_wrote_is_text(page, guarded, trainings):
    page.goto(share(guarded, trainings[0], name="<img src=x onerror=alert(1)>")["address"])
    drawn(page)
    expect(page.locator(".tk-shared-name")).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.get_by_text("A <b>note</b>.")).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


NOTES = """# Why
A **warm** start, as [told](https://example.org/a) and [not](javascript:alert`1`).

| lr | loss |
| --- | --- |
| 1e-3 | 0.4 |

<script>globalThis.broken = 1</script> <img src=x onerror="globalThis.broken = 2"> ![kept back](sha256:HASH)
[data](data:text/html,<script>globalThis.broken=3</script>) [&#106;avascript:x](&#106;avascript:alert`1`)""".replace(
    "HASH", "0" * 64
)


def test_notes_read_as_markdown_and_run_nothing_on_the_page_and_in_the_file(page, guarded, tmp_path):
    training = trained(guarded.url, "shared", "noted", token=TOKEN, steps=5, notes=NOTES, state=None)
    file = tmp_path / "noted.html"
    path = f"/v1/experiments/{training.experiment_id}/snapshot.html"
    file.write_bytes(httpx.get(guarded.url + path, headers=OWNER, timeout=60).content)
    assert "when this was saved" in file.read_text(encoding="utf-8")  # for who runs no scripts
    until = re.compile(r"^Running when saved, \d\d:\d\d:\d\d$")  # a file hears no more
    for address, state in ((share(guarded, training)["address"], "Running"), (file.as_uri(), until)):
        page.goto(address)
        expect(page.locator(".tk-head-line .tk-state")).to_have_text(state)
        notes = page.locator(".tk-shared-head .tk-notes-body")
        expect(notes.locator("h3")).to_have_text("Why")
        expect(notes.locator("b").first).to_have_text("warm")
        expect(notes.locator("tbody td")).to_have_text(["1e-3", "0.4"])
        expect(notes).to_contain_text("<script>globalThis.broken = 1</script>")
        expect(notes).to_contain_text("kept back")
        expect(
            page.locator(".tk-notes-all img, .tk-notes-all script, .tk-pencil:visible, .tk-add:visible")
        ).to_have_count(0)
        assert notes.locator("a").evaluate_all("all => all.map((a) => a.href)") == ["https://example.org/a"]
        assert page.evaluate("globalThis.broken") is None


def test_charts_for_each_value_of_a_config_key_are_on_pages_and_in_files(page, guarded, trainings, tmp_path):
    link, ids = share(guarded, *trainings[:2]), [each.experiment_id for each in trainings[:2]]
    file = tmp_path / "two.html"
    wanted = {"experiment": ids, "state": "facet=config:lr"}
    file.write_bytes(httpx.get(f"{guarded.url}/v1/snapshot.html", params=wanted, headers=OWNER, timeout=60).content)
    for address in (f"{link['address']}?facet=config:lr", f"{link['embed']}?facet=config:lr", file.as_uri()):
        page.goto(address)
        expect(page.locator(".tk-chart-facet").nth(0)).to_have_text("lr = 0.001")
        expect(page.locator(".tk-chart-facet").nth(1)).to_have_text("lr = 0.002")
    page.get_by_title("A chart for each value of a parameter").click()  # the reader may ask for another
    page.get_by_role("option", name="model.layers", exact=True).click()
    expect(page.locator(".tk-chart-facet").nth(0)).to_have_text("model.layers = 12")
    expect(page.locator('[data-metric="train/loss"] .tk-chart-values b')).to_have_count(2)


def test_a_comparison_is_ticked_line_by_line_and_compared_in_numbers(page, guarded, trainings):
    page.goto(share(guarded, *trainings[:2], name="Two rates")["address"])
    drawn(page)
    expect(page.locator(".tk-shared-line")).to_have_count(2)
    values = page.locator('[data-metric="train/loss"] .tk-chart-values b')
    expect(values).to_have_count(2)
    page.get_by_label("Show calm-<i>heron</i>").uncheck()
    expect(values).to_have_count(1)
    numbers = page.locator(".tk-panel", has_text="Numbers").locator("tr", has_text="eval/accuracy").locator("td")
    expect(numbers).to_have_count(3)
    expect(numbers.nth(2).locator("b")).to_be_visible()  # the faster one is better
    config = page.locator(".tk-panel", has_text="where they differ").locator("tbody tr")
    expect(config).to_have_count(1)
    expect(config.locator("th, td")).to_have_text(["lr", "0.001", "0.002"])


def test_a_link_that_is_revoked_closes_the_page_that_is_open(page, guarded, trainings):
    link = share(guarded, trainings[0])
    page.goto(link["address"])
    drawn(page)
    httpx.delete(f"{guarded.url}/v1/shares/{link['id']}", headers=OWNER, timeout=60)
    expect(page.locator("h1")).to_have_text("This link is not valid any more")
    expect(page.locator(".tk-chart")).to_have_count(0)
    page.reload()
    expect(page.locator("h1")).to_have_text("This link is not valid")


_IS_DARK = "() => getComputedStyle(document.querySelector('.tk')).backgroundColor === 'rgb(14, 17, 21)'"


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_window_in_both_themes(page, guarded, trainings, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    for path in (share(guarded, trainings[0])["address"], share(guarded, *trainings[:2])["address"]):
        page.goto(path)
        drawn(page)
        holds(lambda: sideways(page) <= 0)
        becomes(lambda: page.evaluate(_IS_DARK), scheme == "dark")


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page of another site that shows our charts."""

    frame = ""

    def do_GET(self):
        body = f'<!doctype html><title>blog</title><iframe src="{self.frame}" width="700" height="420"></iframe>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere():
    """Serves a page with a frame of a given address, from an origin of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def address(frame):
        Elsewhere.frame = frame
        return f"http://localhost:{server.server_address[1]}/"

    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def test_charts_stand_in_a_frame_of_another_site(page, guarded, trainings, elsewhere):
    link = share(guarded, *trainings[:2])
    page.goto(elsewhere(link["embed"]))
    frame = page.frame_locator("iframe")
    expect(frame.locator(".tk-chart-values").first).not_to_be_empty()
    expect(frame.locator(".tk-shared-legend span")).to_have_count(2)
    expect(frame.locator(".tk-top")).to_have_count(0)


def test_one_metric_alone_fills_its_frame(page, guarded, trainings, elsewhere):
    link = share(guarded, trainings[0])
    page.goto(elsewhere(f"{link['embed']}?metric=train/loss"))
    frame = page.frame_locator("iframe")
    expect(frame.locator(".tk-chart-values").first).not_to_be_empty()
    expect(frame.locator(".tk-chart")).to_have_count(1)
    holds(lambda: frame.locator(".tk-chart").evaluate("el => el.clientWidth > 660 && el.clientHeight > 380"))


def test_the_page_itself_stands_in_no_frame_of_another_site(page, guarded, trainings, elsewhere):
    page.goto(elsewhere(share(guarded, trainings[0])["address"]))
    expect(page.frame_locator("iframe").locator(".tk-chart")).to_have_count(0)


def test_a_snapshot_opens_from_a_disk_without_a_network(page, guarded, trainings, tmp_path):
    path = f"/v1/experiments/{trainings[1].experiment_id}/snapshot.html"
    file = tmp_path / "heron.html"
    file.write_bytes(httpx.get(guarded.url + path, headers=OWNER, timeout=60).content)
    assert len(file.read_bytes()) < 1_500_000  # the page itself; its points are few
    asked = watch(page)
    page.context.set_offline(True)
    page.goto(file.as_uri())
    drawn(page)
    expect(page.locator("h1")).to_have_text("calm-<i>heron</i>")
    expect(page.locator(".tk-chart")).to_have_count(5)
    last = page.locator('[data-metric="train/loss"] .tk-chart-values b').get_attribute("title")
    assert float(last) == pytest.approx(curve(99, rate=0.02)["train/loss"], rel=1e-6)
    expect(page.locator(".tk-fresh")).to_contain_text("saved")
    expect(page.locator(".tk-summary tbody tr")).to_have_count(5)
    page.get_by_title("x axis", exact=True).click()
    page.get_by_role("option", name="relative time").click()
    drawn(page)
    page.locator(".tk-chart-more").first.click()
    expect(page.get_by_role("option", name="Open in Plotly")).to_have_count(0)  # a file holds no library of 4 MB
    page.get_by_role("option", name="Full screen").click()
    expect(page.locator(".tk-full-row b").first).to_have_text(re.compile(r"\d"))
    page.keyboard.press("Escape")
    expect(page.locator(".tk-full")).to_have_count(0)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def log_in(page, space):
    page.goto(f"{space.url}/#token={TOKEN}")
    page.locator("main form").wait_for(state="detached")


def test_an_owner_makes_copies_and_revokes_a_link_on_the_page(page, browser, guarded, trainings):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=guarded.url)
    log_in(page, guarded)
    page.goto(f"{guarded.url}/?project=shared&experiment={trainings[0].experiment_id}")
    page.get_by_label("Share by a link").click()
    dialog = page.locator(".tk-share-dialog")
    expect(dialog).to_contain_text("notes of brave-otter")
    dialog.get_by_label("Name of the link").fill("For Ada")
    dialog.get_by_label("When the link ends").select_option("1")
    dialog.get_by_role("button", name="Make link").click()
    expect(dialog.get_by_label("Link", exact=True)).to_have_value(re.compile("/s/"))
    address = dialog.get_by_label("Link", exact=True).input_value()
    dialog.get_by_label("Copy: Link").click()
    page.wait_for_function("async wanted => (await navigator.clipboard.readText()) === wanted", arg=address)
    private = browser.new_context().new_page()
    private.goto(address)
    drawn(private)
    line = dialog.locator("li", has_text="For Ada")
    expect(line).to_contain_text("ends ")
    line.get_by_role("button", name="Revoke").click()
    expect(line).to_have_count(0)
    private.reload()
    expect(private.locator("h1")).to_have_text("This link is not valid")
    private.context.close()


def test_the_ticked_experiments_are_what_is_shared(page, guarded, trainings):
    log_in(page, guarded)
    ids = ",".join(each.experiment_id[-8:] for each in trainings[:2])
    page.goto(f"{guarded.url}/?project=shared&shown={ids}&x=relative&smooth=gaussian:0.3&by=config:lr&filter=loss")
    page.get_by_label("Share by a link").click()
    dialog = page.locator(".tk-share-dialog")
    expect(dialog).to_contain_text("brave-otter")
    expect(dialog).not_to_contain_text("secret-plan")
    expect(dialog.get_by_label("Name of the link")).to_have_value("2 experiments of shared")
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Save as one HTML file").click()
    assert download.value.suggested_filename == "shared-2-experiments.html"
    expect(dialog).to_contain_text(re.compile("As you see it now: .*groups"))
    dialog.get_by_role("button", name="Make link").click()
    field = dialog.get_by_label("Link", exact=True)
    expect(field).to_have_value(re.compile(r"\?x=relative&smooth=gaussian:0.3&.*by=config:lr"))
    with_view = field.input_value()
    dialog.get_by_label("As you see it now").uncheck()
    expect(field).not_to_have_value(re.compile(r"\?"))
    page.keyboard.press("Escape")
    # One chart: the link that is there already serves, with an address of its own.
    page.get_by_label("Menu of train/loss").click()
    page.get_by_role("option", name="Share or embed this chart").click()
    dialog.get_by_role("button", name="Use").first.click()
    expect(field).to_have_value(re.compile("smooth=gaussian:0.3&.*chart=train/loss$"))
    frame = dialog.get_by_label("For another page", exact=True)
    expect(frame).to_have_value(re.compile("&amp;metric=train/loss"))
    expect(frame).not_to_have_value(re.compile("filter="))
    page.goto(with_view)
    drawn(page)
    expect(page.get_by_title("x axis", exact=True)).to_have_text("relative time")
    expect(page.get_by_title("Group experiments and draw their means")).to_have_text("by lr")
    expect(page.locator(".tk-chart")).to_have_count(2)
    page.locator(".tk-chart-more").first.click()
    expect(page.get_by_role("option", name="Copy link to this chart")).to_be_visible()
    expect(page.get_by_role("option", name="Share or embed this chart")).to_have_count(0)  # a stranger makes no links


def test_who_may_only_read_sees_no_share_button_and_can_save_the_file(page, guarded, trainings):
    wish = {"name": "x", "role": "viewer"}
    made = httpx.post(f"{guarded.url}/v1/tokens", json=wish, headers=OWNER, timeout=60).json()
    page.goto(f"{guarded.url}/#token={made['token']}")
    page.locator("main form").wait_for(state="detached")
    page.goto(f"{guarded.url}/?project=shared&experiment={trainings[0].experiment_id}")
    page.get_by_label("Account. Viewer: may read").wait_for()
    expect(page.get_by_label("Share by a link")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="HTML").click()
    assert download.value.suggested_filename == "brave-otter.html"
    page.get_by_label("Account. Viewer: may read").click()
    page.get_by_role("option", name="Log out").click()
    expect(page.locator("#form")).to_be_visible()


def test_a_private_space_says_why_it_shares_nothing_and_offers_the_file(page, own_space):
    own_space.environ = {
        "TRACKIO_WRITE_TOKEN": TOKEN, "SPACE_ID": "me/otter", "TRACKIO_SPACE_VISIBILITY": "private",
        "TRACKIO_DISK": "persistent",
    }  # fmt: skip
    own_space.start()
    training = trained(own_space.url, "p", "alone", token=TOKEN)
    # The browser keeps a cookie that is Secure only where it trusts the address: localhost.
    base = own_space.url.replace("127.0.0.1", "localhost")
    page.goto(f"{base}/#token={TOKEN}")
    page.locator("main form").wait_for(state="detached")
    page.goto(f"{base}/?project=p&experiment={training.experiment_id}")
    page.get_by_label("Share by a link").click()
    dialog = page.locator(".tk-share-dialog")
    expect(dialog).to_contain_text("This Space is private")
    expect(dialog.get_by_role("button", name="Make link")).to_have_count(0)
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Save as one HTML file").click()
    assert download.value.suggested_filename == "alone.html"


def test_an_owner_hands_out_a_token_and_takes_it_back(page, guarded):
    log_in(page, guarded)
    page.goto(guarded.url)
    page.get_by_label("Account. Owner").click()
    page.get_by_role("option", name="Tokens for trainers and people").click()
    dialog = page.locator(".tk-share-dialog")
    dialog.get_by_label("Name of the token").fill("the cluster")
    dialog.get_by_role("button", name="Make token").click()
    shown = dialog.get_by_label("the cluster: shown this once", exact=True)
    expect(shown).not_to_have_value("")
    token = shown.input_value()
    trained(guarded.url, "by-token", "made", token=token)
    line = dialog.locator("li", has_text="the cluster")
    expect(line).to_contain_text("writer · never ends · not used yet")
    line.get_by_role("button", name="Revoke").click()
    expect(line).to_have_count(0)
    assert httpx.get(f"{guarded.url}/v1/projects", headers={"X-Trackio-Token": token}, timeout=60).status_code == 401


def test_a_browser_logs_in_with_the_hub_and_comes_back_as_the_owner(page, own_space):
    home = f"http://localhost:{own_space.port}"
    with running_hub() as hub:
        hub.ask("oauth-client", id="c", secret="s", scopes=["openid", "profile"], redirects=[home])
        hub.ask("browser", user="me")
        own_space.environ = {
            "TRACKIO_WRITE_TOKEN": TOKEN, "SPACE_ID": "me/otter", "SPACE_AUTHOR_NAME": "me", "OAUTH_CLIENT_ID": "c",
            "OAUTH_CLIENT_SECRET": "s", "OPENID_PROVIDER_URL": hub.url, "TRACKIO_SPACE_VISIBILITY": "protected",
            "NO_PROXY": "*",
        }  # fmt: skip
        own_space.start()
        trained(own_space.url, "p", "one", token=TOKEN)
        page.goto(home)
        page.get_by_role("link", name="Log in with Hugging Face").click()
        page.get_by_label("Account. me: owner").wait_for()
        expect(page.get_by_label("Share by a link")).to_be_visible()
        page.get_by_label("Account. me: owner").click()
        page.get_by_role("option", name="Log out").click()
        expect(page.get_by_role("link", name="Log in with Hugging Face")).to_be_visible()
        hub.ask("browser", user="stranger")
        page.get_by_role("link", name="Log in with Hugging Face").click()
        expect(page.locator("main")).to_contain_text("as stranger, who may not read this Space")
    log = (own_space.directory / "space.log").read_text()
    assert "code=" not in log
    assert "hf_oauth" not in log
