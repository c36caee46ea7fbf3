"""Names, search, keys, figures and the projector."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from .fake_server import FakeServer, Message, diff, line, snapshot, wait_for
from .saving import downloaded

OpenPage = Callable[..., Page]


def start(page: Page, server: FakeServer) -> None:
    page.click("#start")
    wait_for(lambda: server.heard)
    expect(page.locator("#link")).to_have_text("Live")


def dialogue() -> list[Message]:
    return [
        line(0, "Good morning, Café Central.", 0, 2, speaker=1),
        line(1, "A table at the cafe, please.", 2, 4, speaker=2),
        line(2, "For how many?", 4, 5, speaker=1),
        line(3, "For three.", 5, 6, speaker=3),
    ]


def marked(page: Page, name: str) -> list[str]:
    texts: list[str] = page.evaluate(
        """(name) => [...(CSS.highlights.get(name) ?? [])].map((range) =>
             range.startContainer.data.slice(range.startOffset, range.endOffset))""",
        name,
    )
    return texts


def test_voices_get_names_and_can_be_one_person(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, dialogue()))
    who = page.locator("#log .who")
    expect(who).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 3"])
    colours = who.evaluate_all("all => all.map(e => getComputedStyle(e).color)")
    assert len(set(colours)) == 3

    who.nth(1).click()
    expect(page.locator("#speaker-name")).to_be_focused()
    page.keyboard.type("<b>Ann</b>")
    page.keyboard.press("Enter")
    expect(who).to_have_text(["Speaker 1", "<b>Ann</b>", "Speaker 1", "Speaker 3"])

    who.nth(3).click()
    page.select_option("#speaker-same", label="<b>Ann</b>")
    page.click("#speaker [type=submit]")
    expect(who).to_have_text(["Speaker 1", "<b>Ann</b>", "Speaker 1", "<b>Ann</b>"])
    page_server.say(**diff(2, 5, new_lines=[line(4, "Yes.", 6, 7, speaker=3)]))
    expect(page.locator("#log .row")).to_have_count(5)
    expect(who).to_have_count(4)

    page.click("[popovertarget=save]")
    assert "<b>Ann</b>: For three. Yes.\n" in downloaded(page, "[data-format=txt]")
    page.keyboard.press("Escape")
    who.nth(1).click()
    page.click("#speaker-apart")
    expect(who.nth(3)).to_have_text("Speaker 3")


def test_search_marks_counts_and_jumps(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url, viewport={"width": 900, "height": 500})
    start(page, page_server)
    filler = [line(i, f"Sentence {i}.", i, i + 1) for i in range(4, 60)]
    page_server.say(**snapshot(1, dialogue() + filler))
    expect(page.locator("#log")).to_contain_text("Sentence 59.")  # what comes later moves nothing
    page.keyboard.press("/")
    expect(page.locator("#search-field")).to_be_focused()
    page.keyboard.type("café")
    expect(page.locator("#search-count")).to_have_text("1 of 2")
    assert marked(page, "found") == ["Café", "cafe"]
    expect(page.locator("#log .row").first).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#search-count")).to_have_text("2 of 2")
    assert marked(page, "found-now") == ["cafe"]

    page_server.say(**diff(2, 61, new_lines=[line(60, "The café again.", 60, 61)]))
    expect(page.locator("#search-count")).to_have_text("2 of 3")
    page.keyboard.press("Enter")
    expect(page.locator("#log .row").last).to_be_in_viewport()
    page.locator("#search-field").fill("zebra")
    expect(page.locator("#search-count")).to_have_text("Not found")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_hidden()
    expect(page.locator("#search-open")).to_be_focused()
    assert marked(page, "found") == []


def test_single_keys_and_the_help_that_tells_them(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_).to_contain_text("Start or stop")
    page.keyboard.press("r")
    assert page_server.heard == [], "not while the help is open"
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("#link")).to_have_text("Live")
    page.keyboard.press("p")
    expect(page.locator("#link")).to_have_text("Paused")
    page.keyboard.press("p")
    page_server.say(**snapshot(1, dialogue()))
    expect(page.locator("#log .row")).to_have_count(4)
    page.keyboard.press("+")
    assert page.evaluate("document.documentElement.dataset.size") == "3"
    page.keyboard.press("c")
    expect(page.locator("#save-answer")).to_have_text("Copied.")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("#link")).to_have_text("Ready")

    page.click("[popovertarget=settings]")
    page.click("details:has([name=keys]) summary")
    page.uncheck("[name=keys]")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(help_).to_be_hidden()


def test_the_figures_behind_the_delay(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    wait_for(lambda: page_server.newest.seconds > 1)
    received = round(page_server.newest.seconds, 2)
    page_server.say(**snapshot(1))
    page_server.say(**diff(2, 0, text="words", final=0, received=received, lag=0.6))
    expect(page.locator("#lag")).to_contain_text("s delay")
    page.click("#lag")
    expect(page.locator("#health")).to_contain_text("Sound to words")
    expect(page.locator("#health")).to_contain_text("Not processed yet0.6")
    page_server.say(**diff(3, 0, text="words", final=0, received=received, lag=6.0))
    expect(page.locator("#lag")).to_contain_text("6.0 s behind")


def test_uncertain_words_are_marked_when_asked(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    doubtful = line(0, "Sure maybe sure.", 0, 3)
    doubtful["words"][1]["probability"] = 0.2
    page_server.say(**snapshot(1, [doubtful]))
    expect(page.locator("#log .row")).to_have_count(1)
    assert marked(page, "unsure") == []
    page.click("[popovertarget=settings]")
    page.check("[name=unsure]")
    wait_for(lambda: marked(page, "unsure") == ["maybe"])


def test_a_translation_stands_beside_its_line(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    translated = {**line(0, "Guten Tag.", 0, 1), "translation": "Hello.", "detected_language": "de"}
    message = snapshot(1, [translated], text="und noch")
    page_server.say(**{**message, "buffer_translation": "and more"})
    expect(page.locator("#log .translation")).to_have_text("Hello.")
    expect(page.locator("#log .said").first).to_have_attribute("lang", "de")
    expect(page.locator("#growing .translation")).to_have_text("and more")
    said, meant = (page.locator(f"#log .said >> nth={i}").bounding_box() for i in (0, 1))
    assert said is not None
    assert meant is not None
    assert meant["x"] >= said["x"] + said["width"], "side by side"
    page.set_viewport_size({"width": 400, "height": 700})
    below = page.locator("#log .translation").bounding_box()
    assert below is not None
    assert below["y"] > said["y"]


def test_a_change_of_language_is_shown(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    tongues = ["en", "en", "de", "de", "en"]
    lines = [
        {**line(i, f"Line {i}.", i, i + 1), "detected_language": tongue}
        for i, tongue in enumerate(tongues)
    ]
    page_server.say(**snapshot(1, lines))
    expect(page.locator(".tongue")).to_have_text(["DE", "EN"])


def test_the_projector_shows_the_words_and_nothing_else(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, dialogue(), text="and the words", final=3))
    page.keyboard.press("f")
    expect(page.locator("#projector-leave")).to_be_attached()
    for hidden in (".top", ".dock"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#growing")).to_be_in_viewport()
    size = page.locator("#growing .said").first.evaluate("e => getComputedStyle(e).fontSize")
    assert float(size.removesuffix("px")) > 60
    page.focus("#projector-leave")
    page.keyboard.press("Enter")
    expect(page.locator(".dock")).to_be_visible()
