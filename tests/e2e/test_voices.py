"""Voices that the server knows, and the sound that it keeps: what the page says and asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .axe import complaints
from .fake_server import FakeServer, line, snapshot, wait_for
from .fake_store import transcript
from .saving import downloaded
from .sound import write_sound

OpenPage = Callable[..., Page]

LINES = [line(0, "Good morning.", 0, 2, speaker=1), line(1, "Hello.", 2, 3, speaker=2)]
ANN = {"1": {"voice": "v_0", "name": "Ann", "similarity": 0.86}}


@pytest.fixture
def voiced(page_server: FakeServer) -> FakeServer:
    page_server.about = {"voices": True, "diarization": True}
    return page_server


def live(server: FakeServer, open_page: OpenPage, **options: object) -> Page:
    page = open_page(server.url, **options)
    page.click("#start")
    wait_for(lambda: server.heard)
    return page


def test_a_recognised_name_is_marked_and_can_be_refused(
    voiced: FakeServer, open_page: OpenPage
) -> None:
    page = live(voiced, open_page)
    voiced.say(**snapshot(1, LINES), speakers={"1": "Ann"}, recognized=ANN)
    expect(page.locator("#log .who")).to_have_text(["Ann", "Speaker 2"])
    expect(page.get_by_role("img", name="Recognised by voice")).to_have_count(1)
    page.locator("#log .who").first.click()
    expect(page.locator("#speaker-known")).to_contain_text("86% similar")
    expect(page.locator("#speaker-remember-row")).to_be_hidden()
    page.get_by_role("button", name="No, that is somebody else").click()
    wait_for(lambda: {"type": "rename", "speaker": 1, "name": ""} in voiced.newest.controls)
    expect(page.locator("#log .who")).to_have_text(["Speaker 1", "Speaker 2"])
    expect(page.get_by_role("img", name="Recognised by voice")).to_have_count(0)


def test_a_second_start_does_not_rename_the_people_of_the_first(
    voiced: FakeServer, open_page: OpenPage
) -> None:
    page = live(voiced, open_page)
    voiced.say(**snapshot(1, LINES), speakers={"1": "Ann", "2": "Robert"}, recognized=ANN)
    expect(page.locator("#log .who")).to_have_text(["Ann", "Robert"])
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    page.click("#start")
    wait_for(lambda: len(voiced.heard) == 2)
    voiced.say(**snapshot(1, LINES), speakers={"1": "Cy"})
    people = page.locator("#log .who")
    expect(people).to_have_text(["Ann", "Robert", "Cy", "Speaker 2"])
    people.last.click()
    page.fill("#speaker-name", "Dora")
    page.press("#speaker-name", "Enter")
    wait_for(lambda: {"type": "rename", "speaker": 2, "name": "Dora"} in voiced.newest.controls)
    expect(people).to_have_text(["Ann", "Robert", "Cy", "Dora"])
    page.click("[popovertarget=save]")
    saved = downloaded(page, "[data-format=txt]")
    begins = [line.split(":")[0].strip() for line in saved.split("\n\n")]
    assert begins == ["Ann", "Robert", "Recording 2", "Cy", "Dora"]


def test_a_name_after_the_end_reaches_the_stored_transcript(
    voiced: FakeServer, open_page: OpenPage
) -> None:
    said = [(1, "Good morning."), (2, "Hello.")]
    voiced.store.kept = [transcript("session-0", said, "2026-03-02T09:00:00+00:00")]
    voiced.stops_at_once = False
    page = live(voiced, open_page)
    growing = {"buffer_transcription": "And good", "buffer_speaker": 1}
    voiced.say(**{**snapshot(1, LINES), **growing})
    expect(page.locator("#growing")).to_contain_text("And good")
    page.click("#stop")
    wait_for(lambda: voiced.newest.ended)
    name(page, 0, "Ann")
    wait_for(lambda: voiced.store.changes == [{"speakers": {"1": "Ann"}}])
    page.click("[popovertarget=save]")
    saved = downloaded(page, "[data-format=txt]")
    assert saved.endswith("Ann: And good\n"), "what is on the screen"
    page.keyboard.press("Escape")
    voiced.say(type="ready_to_stop")
    expect(page.locator("#link")).to_have_text("Ready")
    name(page, 1, "Bob")
    wait_for(lambda: voiced.store.changes[1:] == [{"speakers": {"2": "Bob"}}])
    assert "rename" not in voiced.newest.types()


def name(page: Page, who: int, name: str) -> None:
    page.locator("#log .who").nth(who).click()
    page.fill("#speaker-name", name)
    page.press("#speaker-name", "Enter")
    expect(page.locator("#log .who").nth(who)).to_have_text(name)


def test_who_speaks_alone_can_be_remembered(voiced: FakeServer, open_page: OpenPage) -> None:
    page = live(voiced, open_page)
    voiced.say(**snapshot(1, LINES[:1]))
    page.locator("#log .who").click()
    expect(page.locator("#speaker-remember-row")).to_be_visible()


def test_a_voice_is_remembered_with_its_name(voiced: FakeServer, open_page: OpenPage) -> None:
    page = live(voiced, open_page)
    voiced.say(**snapshot(1, LINES))
    page.locator("#log .who").nth(1).click()
    page.fill("#speaker-name", "Jamal")
    page.check("#speaker-remember")
    expect(page.locator("#remember-voice-hint")).to_contain_text("personal data")
    page.click("#speaker [type=submit]")
    wanted = [
        {"type": "rename", "speaker": 2, "name": "Jamal"},
        {"type": "remember", "speaker": 2, "name": "Jamal"},
    ]
    wait_for(lambda: voiced.newest.controls[-2:] == wanted)
    voiced.say(type="error", code="too_little_speech", message="too little")
    expect(page.locator("#notices")).to_contain_text("Too little of this voice was heard yet.")
    voiced.say(type="remembered", speaker=2, voice={"name": "Jamal"})
    expect(page.locator("#notices")).to_contain_text("The voice of Jamal is remembered.")
    expect(page.locator("#notices")).not_to_contain_text("Too little")
    expect(page.locator("#link")).to_have_text("Live")


def test_voices_are_added_renamed_and_deleted(
    voiced: FakeServer, open_page: OpenPage, tmp_path: Path
) -> None:
    voiced.voices.learn("Ann")
    page = open_page(voiced.url)
    page.click("[popovertarget=settings]")
    page.click("#voices-section summary")
    page.click("#voices-open")
    names = page.locator(".voice-field")
    expect(names).to_have_count(1)
    page.click("#voice-record")
    expect(page.locator("#voice-name")).to_be_focused()
    assert voiced.voices.samples == [], "not without a name"

    page.fill("#voice-name", "Jamal")
    page.click("#voice-record")
    expect(page.locator("#voice-prompt")).to_be_visible()
    expect(page.locator("#voice-record-text")).to_contain_text("7 s left")
    page.click("#voice-record")
    expect(page.locator("#voices-state")).to_have_text("The voice of Jamal is remembered.")
    [sample] = voiced.voices.samples
    assert sample[:4] == b"RIFF"
    assert len(sample) > 2 * 32_000

    write_sound(tmp_path / "voice.wav")
    page.fill("#voice-name", "Ann")
    page.set_input_files("#voice-file", tmp_path / "voice.wav")
    expect(page.locator("#voices-state")).to_have_text("There is already a voice with this name.")
    page.fill("#voice-name", "Bea")
    page.set_input_files("#voice-file", tmp_path / "voice.wav")
    expect(names).to_have_count(3)

    names.first.fill("Anna")
    page.keyboard.press("Enter")
    wait_for(lambda: voiced.voices.known[0]["name"] == "Anna")
    delete = page.get_by_role("button", name="Delete: Jamal")
    delete.click()
    expect(names).to_have_count(3)
    delete.click()
    expect(names).to_have_count(2)
    assert [each["name"] for each in voiced.voices.known] == ["Anna", "Bea"]


def test_a_server_without_voices_offers_none(page_server: FakeServer, open_page: OpenPage) -> None:
    page = live(page_server, open_page)
    page_server.say(**snapshot(1, LINES))
    page.locator("#log .who").first.click()
    expect(page.locator("#speaker-remember-row")).to_be_hidden()
    page.keyboard.press("Escape")
    page.click("[popovertarget=settings]")
    expect(page.locator("#voices-section")).to_be_hidden()


def test_a_server_that_keeps_the_sound_says_so_and_takes_a_no(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page_server.about = {"recording": True}
    page = open_page(page_server.url)
    choice = page.get_by_role("checkbox", name="Keep the sound on the server")
    expect(choice).to_be_checked()
    page.click("#start")
    wait_for(lambda: page_server.heard)
    assert "record" not in page_server.newest.query
    said = page.get_by_role("status").filter(has_text="The server keeps the sound")
    expect(said).to_be_visible()
    expect(choice).to_be_hidden()
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")

    choice.uncheck()
    expect(choice).to_be_visible()
    page_server.about = {"recording": False}
    page.click("#start")
    wait_for(lambda: len(page_server.heard) == 2)
    assert page_server.newest.query["record"] == "false"
    expect(page.get_by_text("The sound of this session is not kept")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_kept_sound_can_be_refused_by_the_keyboard_alone(
    page_server: FakeServer, open_page: OpenPage, scheme: str
) -> None:
    page_server.about = {"recording": True}
    page = open_page(page_server.url, color_scheme=scheme)
    choice = page.get_by_role("checkbox", name="Keep the sound on the server")
    expect(choice).to_be_visible()
    assert complaints(page) == []
    page.locator("#open").focus()
    page.keyboard.press("Tab")
    expect(choice).to_be_focused()
    page.keyboard.press("Space")
    expect(choice).not_to_be_checked()
    assert complaints(page) == []
    page_server.about = {"recording": False}
    page.locator("#start").focus()
    page.keyboard.press("Enter")
    wait_for(lambda: page_server.heard)
    assert page_server.newest.query["record"] == "false"
    expect(page.locator("#sound-kept-text")).to_have_text("The sound of this session is not kept")
    assert complaints(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(voiced: FakeServer, open_page: OpenPage, scheme: str) -> None:
    voiced.about["recording"] = True
    voiced.voices.learn("Ann")
    page = live(voiced, open_page, color_scheme=scheme, reduced_motion="reduce")
    voiced.say(**snapshot(1, LINES), speakers={"1": "Ann"}, recognized=ANN)
    page.locator("#log .who").first.click()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.click("[popovertarget=settings]")
    page.click("#voices-section summary")
    page.click("#voices-open")
    expect(page.locator("#voices-list li")).to_have_count(1)
    assert complaints(page) == []
