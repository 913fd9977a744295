"""What experiments, lists and `Api` show of themselves in a notebook, by the methods that Jupyter calls."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

import trackio_client
from trackio_client.notebook.curve import curve_svg
from trackio_client.reader.experiment import LoggedExperiment

NAME = "<script>alert(1)</script> |*x*| é😀"


class Seen(HTMLParser):
    """Tags and texts of a piece of HTML; fails at one that fetches or runs something."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.links = [], [], []
        self.feed(html)
        assert not {"script", "img", "link", "style"} & set(self.tags)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def logged(tmp_path, monkeypatch):
    """An experiment of a local store that has just been logged, before it ends."""
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.delenv("TRACKIO_URL", raising=False)
    experiment = trackio_client.init("note</p>book", name=NAME, config={"lr": 1e-3, "net": {"act": "<b>"}})
    for step in range(400):
        loss = math.nan if step == 200 else 3 * math.exp(-step / 90)
        experiment.log({"train/loss": loss, "eval/f1": step / 400}, step=step)
    yield experiment
    experiment.finish()


def test_a_running_experiment_is_a_card_that_asks_no_network(logged):
    card = Seen(logged._repr_html_())
    assert NAME in card.texts
    assert {"note</p>book · ", "eval/f1", "train/loss", "0.9975", "<b>"} <= set(card.texts)
    assert " Running, step 399" in card.texts
    assert card.links == []
    assert Seen(logged.to_html()).tags == card.tags  # a store on this machine has no page to frame
    markdown = logged._repr_markdown_()
    assert "&lt;script&gt;alert\\(1\\)&lt;/script&gt; \\|\\*x\\*\\| é😀" in markdown
    assert "| eval/f1 | highest | 0.9975 |" in markdown
    assert logged.display() is False  # no notebook


def test_what_api_gives_shows_itself_with_the_curve_of_its_loss(logged):
    logged.finish()
    with trackio_client.Api() as api:
        one = api.experiment(logged.experiment_id)
        html = one._repr_html_()
        svg = html[html.index("<svg") : html.index("</svg>") + 6]
        title = next(ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")).text
        assert title == "train/loss from 3 to 0.03562"
        assert " Finished, step 399" in Seen(html).texts
        listed = api.experiments("note</p>book")
        assert isinstance(listed, list)
        assert {NAME, "399", "train/loss"} <= set(Seen(listed._repr_html_()).texts)
        assert "| 399 |" in listed._repr_markdown_()
        assert NAME in Seen(api.runs("note</p>book")._repr_html_()).texts
        assert "note</p>book" in Seen(api._repr_html_()).texts
        assert "note&lt;/p&gt;book | 1 |" in api._repr_markdown_()


def test_a_space_that_is_away_leaves_a_card_with_what_is_known():
    api = trackio_client.Api("http://127.0.0.1:9")  # nobody listens there
    listed = {
        "experiment_id": "exp_x", "project": "p", "name": NAME, "state": "lost_contact", "evidence": "Silent <b>",
        "created_s": 1.0, "last_event_s": 2.0, "last_step": 12,
    }  # fmt: skip
    one = LoggedExperiment(api, listed)
    card = Seen(one._repr_html_())
    assert {NAME, "Silent <b>", " Lost contact, step 12"} <= set(card.texts)
    assert card.links == ["http://127.0.0.1:9/?project=p&experiment=exp_x"]
    assert '<iframe src="http://127.0.0.1:9/?project=p&amp;experiment=exp_x"' in one.to_html()
    assert "cannot be reached" in " ".join(Seen(api._repr_html_()).texts)


def test_a_curve_of_odd_numbers_stays_inside_its_picture():
    values = [math.nan, -1e308, 1e308, math.inf, 0.0, 5.0]
    root = ElementTree.fromstring(curve_svg(range(6), values, "<odd>"))
    path = [each.get("d") for each in root.iter("{http://www.w3.org/2000/svg}path")][1]
    pairs = [tuple(map(float, pair.split())) for pair in path.replace("M", "|").replace("L", "|").split("|")[1:]]
    assert len(pairs) == 4
    assert path.count("M") == 2  # a gap at infinity
    assert all(0 <= x <= 420 and 0 <= y <= 96 for x, y in pairs)
    assert curve_svg([1], [2.0], "one") == curve_svg([1, 2], [math.nan, 1.0], "x") == ""
