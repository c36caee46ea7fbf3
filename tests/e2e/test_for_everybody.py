"""Captions are for those who cannot hear, or not see well, or read in another direction."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from .fake_server import FakeServer, diff, line, snapshot, wait_for

OpenPage = Callable[..., Page]

TALK = [
    line(0, "Good morning.", 0, 2, speaker=1),
    line(1, "Hello.", 2, 3, speaker=2),
    line(2, "Shall we begin?", 3, 5, speaker=2),
]


def live(server: FakeServer, open_page: OpenPage, **options: object) -> Page:
    page = open_page(server.url, **options)
    page.click("#start")
    wait_for(lambda: server.heard)
    return page


def test_each_line_is_read_out_once(page_server: FakeServer, open_page: OpenPage) -> None:
    page = live(page_server, open_page)
    said = page.get_by_role("log").locator("p")
    page_server.say(**snapshot(1, TALK[:2], text="Shall", final=2))
    expect(said).to_have_text(["Speaker 1: Good morning.", "Speaker 2: Hello."])
    said.nth(1).evaluate("e => { e.kept = true }")

    page.locator("#log .who").first.click()
    page.fill("#speaker-name", "Ann")
    page.keyboard.press("Enter")
    corrected = line(1, "Hullo.", 2, 3, speaker=1)
    page_server.say(**diff(2, 3, updates=[corrected], new_lines=TALK[2:]))
    expect(said).to_have_text(["Speaker 1: Good morning.", "Speaker 2: Hello.", "Shall we begin?"])
    assert said.nth(1).evaluate("e => e.kept"), "nothing is said again for a name or a correction"
    assert page.locator("[aria-live], [role=log], [role=status]").evaluate_all(
        "all => all.every(e => !e.contains(document.querySelector('#log')))"
    )
    many = [line(n, "Much at once.", n, n + 1) for n in range(3, 40)]
    page_server.say(**diff(3, 40, new_lines=many))
    expect(page.locator("#log .row")).to_have_count(40)
    expect(said).to_have_count(3)


def test_the_keyboard_stays_at_a_name_that_changes(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = live(page_server, open_page)
    page_server.say(**snapshot(1, TALK))
    page.locator("#log .who").nth(1).focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Jamal")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Jamal")).to_be_focused()


def test_a_selection_is_what_was_said(page_server: FakeServer, open_page: OpenPage) -> None:
    page = live(page_server, open_page)
    page_server.say(**snapshot(1, [*TALK, line(3, None, 5, 15), line(4, "Yes.", 15, 16)]))
    expect(page.locator("#log .row")).to_have_count(5)
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#log'))")
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n") == ["Good morning.", "", "Hello.", "", "Shall we begin?", "", "Yes."]


def test_languages_bring_their_own_direction_and_breaks(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = live(page_server, open_page, viewport={"width": 600, "height": 700})
    japanese = "今日は図書館の計画についてお話しします。" * 4
    page_server.say(
        **snapshot(
            1,
            [
                line(0, "שלום לכולם, היום נדבר על ABC 123.", 0, 2) | {"detected_language": "he"},
                line(1, japanese, 2, 9) | {"detected_language": "ja"},
            ],
            text="それでは",
            final=2,
        )
    )
    expect(page.locator("#log .said")).to_have_count(2)
    hebrew, kanji = page.locator("#log .said").all()
    assert hebrew.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert kanji.evaluate("e => getComputedStyle(e).wordBreak") == "auto-phrase"
    assert kanji.evaluate("e => e.scrollWidth <= e.clientWidth")
    expect(page.locator("#growing .said").first).to_have_attribute("lang", "ja")


def test_high_contrast_is_a_choice_that_stays(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url, color_scheme="dark")
    page.click("[popovertarget=settings]")
    page.check("[name=contrast]")
    black = "e => getComputedStyle(e).backgroundColor"
    assert page.locator("body").evaluate(black) == "rgb(0, 0, 0)"
    page.reload()
    assert page.locator("body").evaluate(black) == "rgb(0, 0, 0)"


def test_nothing_moves_for_those_who_asked_for_that(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = live(page_server, open_page, reduced_motion="reduce")
    page_server.say(**snapshot(1, TALK, text="and more", final=3))
    expect(page.locator("#growing")).to_contain_text("and more")
    moving = "document.getAnimations().filter(a => a.playState === 'running').length"
    assert page.evaluate(moving) == 0


def test_painted_by_the_system_it_still_tells_states_apart(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = live(page_server, open_page, forced_colors="active")
    page_server.say(**snapshot(1, TALK, text="and more", final=3))
    colour = "e => getComputedStyle(e).color"
    ink, pencil = (page.locator(f"#growing {name}").first for name in (".ink", ".pencil"))
    expect(pencil).to_have_text(" more", use_inner_text=False)
    assert ink.evaluate(colour) != pencil.evaluate(colour)
    page.click("[popovertarget=settings]")
    filled = "e => getComputedStyle(e).backgroundColor"
    chosen, other = (page.locator(".segments span").nth(n) for n in (0, 1))
    assert chosen.evaluate(filled) != other.evaluate(filled)


COUNT_LOCKS = """
window.locks = [];
navigator.wakeLock.request = async () => {
  await new Promise((done) => setTimeout(done, 200));
  const lock = Object.assign(new EventTarget(), {
    released: false,
    release: async () => { lock.released = true; lock.dispatchEvent(new Event("release")); },
  });
  window.locks.push(lock);
  return lock;
};
"""


def test_the_screen_stays_on_while_captions_run(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = live(page_server, open_page, script=COUNT_LOCKS)
    page_server.say(**snapshot(1, TALK))
    wait_for(lambda: page.evaluate("locks.map(lock => lock.released)") == [False])
    page.click("#stop")
    wait_for(lambda: page.evaluate("locks.map(lock => lock.released)") == [True])
