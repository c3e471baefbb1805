"""The page in a real browser, by keyboard and mouse: what a newcomer does in the first two minutes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import keep


def type_command(page: Page, text: str) -> None:
    composer = page.get_by_role("combobox", name="Command")
    composer.fill(text)
    composer.press("Enter")


def last(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages").get_by_role("article").last


def assert_accessible(page: Page) -> None:
    serious = [
        violation
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert [f"{violation['id']}: {violation['help']}" for violation in serious] == []


def test_a_newcomer_starts_an_avatar_and_sees_what_goes_wrong(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    expect(page.get_by_role("status").filter(has_text="Bot connected")).to_be_visible()

    # Completed by keyboard, with the usage hint that Slack shows.
    page.keyboard.press("Tab")
    composer = page.get_by_role("combobox", name="Command")
    composer.focus()
    page.keyboard.type("/")
    options = page.get_by_role("listbox", name="Commands").get_by_role("option")
    expect(options).to_contain_text(["help | jobs | stop job_id", "room [region]"])
    page.keyboard.type("avatar-")
    expect(options).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.type("gallery cn-southwest-2")
    page.keyboard.press("Enter")

    messages = page.get_by_role("log", name="Messages")
    announcements = messages.get_by_role("article").filter(has_text="started by @Mei")
    expect(announcements).to_have_count(2)
    announcement = announcements.last
    for words in ("⏳", "CN Southwest-Guiyang1", "Voice ", "1920 × 1080, landscape", "APP"):
        expect(announcement).to_contain_text(words)
    for button in ("Stop", "Details", "RTC access"):
        expect(announcement.get_by_role("button", name=button)).to_be_visible()
    assert_accessible(page)
    keep(page, "1-started")

    # Jonas sees the announcements as well.
    partner = page.get_by_role("button", name="Priya (Partner)")
    partner = page.locator("label").filter(has_text="Priya (Partner)")
    expect(partner.locator(".avatar")).to_have_text("PP")
    page.get_by_text("Jonas", exact=True).first.click()
    expect(announcements).to_have_count(2)
    page.get_by_text("Mei", exact=True).first.click()

    # One click on the panel tries a room that misbehaves.
    page.get_by_role("tab", name="Trouble").click()
    page.get_by_role("button", name="/avatar-start busy").click()
    expect(last(page)).to_contain_text("MSS.20010135")
    expect(last(page)).to_contain_text("raise its concurrency")
    page.get_by_role("tab", name="Log").click()
    rows = page.get_by_role("complementary", name="Behind the scenes").get_by_role("listitem")
    expect(rows.first).to_contain_text("Failed")
    assert_accessible(page)
    keep(page, "2-busy")

    # Another room is full: one click stops the job that holds it, and starts this one.
    page.get_by_role("tab", name="Trouble").click()
    page.get_by_role("button", name="/avatar-start full").click()
    expect(last(page)).to_contain_text("started outside Slack")
    assert_accessible(page)
    keep(page, "3-full")
    last(page).get_by_role("button", name="Stop and start mine").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Stop and start").click()
    expect(last(page)).to_contain_text("started by @Mei")
    keep(page, "4-full-started")

    # A mistake is mended by one click.
    type_command(page, "/avatar jbos")
    last(page).get_by_role("button", name="Show the jobs").click()
    expect(last(page)).to_contain_text("avatar jobs are under way")

    # An unknown command.
    type_command(page, "/avatar-stop now")
    expect(last(page)).to_contain_text("/avatar-stop")
    expect(last(page)).to_contain_text("not a valid command")

    # The job is announced even in a channel without the bot.
    places = page.get_by_role("navigation", name="People and channels")
    expect(places.get_by_role("button", name="general")).to_contain_text("no bot")
    places.get_by_role("button", name="general").click()
    type_command(page, "/avatar-start lobby")
    expect(last(page)).to_contain_text("invite it to this channel")
    places.get_by_role("button", name="avatars").click()

    # The command alone opens a form. It searches rooms by their names, and so does the shortcut's.
    type_command(page, "/avatar-start")
    form = page.get_by_role("dialog", name="Start an avatar")
    room = form.get_by_role("combobox", name="Quick start or room")
    room.fill("rece")
    page.get_by_role("option", name="Reception").click()
    name = form.get_by_label("Save as quick start")
    name.fill("Größe")
    form.get_by_role("button", name="Start", exact=True).click()
    expect(form.locator(".field-error:visible")).to_contain_text("cannot be a name")
    expect(name).to_be_focused()
    assert_accessible(page)
    keep(page, "form")
    name.fill("desk")
    form.get_by_role("button", name="Start", exact=True).click()
    expect(form).to_be_hidden()
    started = messages.get_by_role("article").filter(has_text="Reception").first
    expect(started).to_contain_text("started by @Mei")
    expect(last(page)).to_contain_text("Added the quick start desk of this channel")

    started.hover()
    started.get_by_role("button", name="Message actions").click()
    page.get_by_role("menuitem", name="Start an avatar").click()
    expect(room).to_have_value("Reception")
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    composer.fill("/start")
    page.get_by_role("option", name="Start an avatar").click()
    expect(form.get_by_role("combobox", name="Channel to post to")).to_contain_text("avatars")
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()

    # The traffic, with secrets masked.
    page.get_by_role("tab", name="Traffic").click()
    expect(rows.filter(has_text="chat.postMessage").first).to_be_visible()
    page.get_by_role("tab", name="MetaStudio").click()
    expect(rows.filter(has_text="202").first).to_be_visible()


def test_the_bot_comes_back_after_its_socket_was_disconnected(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    connected = page.get_by_role("status").filter(has_text="Bot connected")
    expect(connected).to_be_visible()
    page.get_by_role("tab", name="Trouble").click()
    page.get_by_role("button", name="Disconnect the socket").click()
    page.get_by_role("tab", name="Traffic").click()
    curtain = page.get_by_role("complementary", name="Behind the scenes")
    expect(curtain.get_by_role("listitem").filter(has_text="socket 2 opened").first).to_be_visible()
    expect(connected).to_be_visible()
    type_command(page, "/avatar-start gallery cn-southwest-2")

    expect(last(page)).to_contain_text("CN Southwest-Guiyang1")


def test_trouble_with_metastudio_and_with_slack_is_told_and_ends(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    page.get_by_role("tab", name="Trouble").click()
    page.get_by_role("button", name="MetaStudio down for 10 s").click()
    type_command(page, "/avatar-start lobby")
    expect(last(page)).to_contain_text("It is not known whether", timeout=15_000)

    page.get_by_role("button", name="End all trouble").click()
    page.get_by_role("button", name="Slack answers 429 for 10 s").click()
    page.get_by_role("button", name="End all trouble").click()
    type_command(page, "/avatar-start gallery cn-southwest-2")
    expect(last(page)).to_contain_text("CN Southwest-Guiyang1", timeout=15_000)


def test_a_job_is_joined_and_stopped_from_its_one_message(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    type_command(page, "/avatar-start incoming cn-north-4")
    articles = page.get_by_role("log", name="Messages").get_by_role("article")
    announcement = articles.filter(has_text="started by @Mei").filter(has_text="incoming")
    expect(announcement).to_contain_text("🟢  Room incoming is running", timeout=15_000)
    type_command(page, "/avatar-start incoming cn-north-4")
    expect(last(page)).to_contain_text("is running already")
    expect(last(page).get_by_role("button", name="Start another")).to_be_visible()
    last(page).get_by_role("button", name="Open it").click()
    expect(announcement).to_be_focused()

    announcement.get_by_role("button", name="Details").click()
    details = page.get_by_role("dialog", name="Details")
    for words in (
        "Room ID",
        "Subtitle box",
        "Default language",
        "1 × device user",
        "Request ID",
        "started it",
    ):
        expect(details).to_contain_text(words)
    assert_accessible(page)
    keep(page, "details")
    details.get_by_role("button", name="Close").last.click()

    announcement.get_by_role("button", name="RTC access").click()
    modal = page.get_by_role("dialog", name="RTC access")
    for words in ("App ID", "RTC room", "Device user", "Expires"):
        expect(modal).to_contain_text(words)
    assert_accessible(page)
    keep(page, "rtc-access")
    modal.get_by_role("button", name="Close").last.click()

    announcement.get_by_role("button", name="Stop").click()
    page.get_by_role("alertdialog", name="Stop this job?").get_by_role("button", name="Stop it").click()
    expect(announcement).to_contain_text("⛔  Room incoming was stopped by @Mei after", timeout=15_000)
    buttons = announcement.locator(".blocks").get_by_role("button")
    expect(buttons).to_have_text(["Start again", "Details"])
    page.get_by_role("button", name="1 reply").click()
    expect(articles.filter(has_text="In the thread")).to_contain_text("was stopped by @Mei")
    expect(announcement).to_have_count(1)
    assert_accessible(page)
    keep(page, "stopped")


def test_a_failed_job_is_back_in_two_clicks_by_somebody_else(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    type_command(page, "/avatar-start crash")
    articles = page.get_by_role("log", name="Messages").get_by_role("article")
    announcement = articles.filter(has_text="started by @Mei").filter(has_text="crash")
    expect(announcement).to_contain_text("🔴  Room crash failed", timeout=30_000)
    page.get_by_role("button", name="1 reply").click()
    expect(articles.filter(has_text="In the thread").last).to_contain_text("@Mei, you started it.")
    keep(page, "failed")

    page.get_by_text("Jonas", exact=True).first.click()
    announcement.get_by_role("button", name="Start again").click()
    again = articles.filter(has_text="started by @Jonas").filter(has_text="crash")
    expect(again).to_contain_text("🟢  Room crash is running", timeout=15_000)
    assert_accessible(page)


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_an_announcement_is_seen_without_scrolling(sandbox: str, page: Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(sandbox)
    type_command(page, "/avatar-start gallery cn-southwest-2")
    announcement = page.get_by_role("article").filter(has_text="CN Southwest-Guiyang1").last
    expect(announcement).to_contain_text("is running", timeout=15_000)
    keep(page, f"announcement-{width}-{scheme}")

    shown = announcement.bounding_box()
    assert shown is not None
    assert announcement.inner_text().count("Voice ") == 2
    assert width < 1280 or shown["height"] <= 260
    for part in (announcement.get_by_text("is running"), announcement.locator("code").first):
        expect(part).to_be_in_viewport(ratio=0.99)
    for button in ("Stop", "Details", "RTC access"):
        expect(announcement.get_by_role("button", name=button)).to_be_in_viewport(ratio=0.99)
    assert_accessible(page)


def test_metastudio_can_be_set_not_to_support_job_calls(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    page.get_by_role("tab", name="Trouble").click()
    page.get_by_role("button", name="MetaStudio does not support job calls").click()
    told = page.get_by_role("tabpanel", name="Trouble").get_by_role("status")
    expect(told).to_have_text("MetaStudio does not support job calls until you end the trouble.")
    expect(told).to_be_in_viewport()
    trouble = page.request.get(f"{sandbox}/sandbox/metastudio").json()["trouble"]
    assert [one["kind"] for one in trouble] == ["unsupported"]
    expect(page.get_by_role("button", name="/avatar-start unjoined")).to_be_visible()

    page.get_by_role("button", name="End all trouble").click()
    expect(told).to_have_text("Slack and MetaStudio work again.")
    expect(told).to_be_in_viewport()
    assert page.request.get(f"{sandbox}/sandbox/metastudio").json()["trouble"] == []


def test_a_reply_stands_behind_what_it_answers(demonstration: str, page: Page) -> None:
    page.goto(demonstration)

    def say(text: str, thread_ts: str | None = None) -> str:
        body = {"text": text, "thread_ts": thread_ts}
        return str(page.request.post(f"{demonstration}/sandbox/messages", data=body).json()["ts"])

    root = say("Which room?")
    say("Anything else?")
    reply = say("The lobby.", root)
    say("Upstairs?", reply)
    articles = page.get_by_role("log", name="Messages").get_by_role("article")
    thread = page.get_by_role("button", name="2 replies")
    expect(articles.filter(has_text="The lobby.")).to_have_count(0)
    thread.click()
    expect(thread).to_have_attribute("aria-expanded", "true")
    expect(articles.filter(has_text="The lobby.")).to_contain_text("In the thread")
    said = [text.splitlines()[-1] for text in articles.all_inner_texts()]
    start = said.index("Which room?")
    assert said[start : start + 4] == ["Which room?", "The lobby.", "Upstairs?", "Anything else?"]


def test_a_form_stays_open_until_its_input_is_valid(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/form")
    form = page.get_by_role("dialog", name="Start an avatar")
    room = form.get_by_label("Room ID")

    form.get_by_role("button", name="Start").click()
    error = form.locator(".field-error:visible")
    expect(error).to_have_text("Please complete this required field.")
    expect(room).to_be_focused()
    room.fill("two words")
    form.get_by_role("button", name="Start").click()
    expect(error).to_have_text("A room ID has no blanks.")
    expect(room).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    keep(page, "3-form")
    room.fill("lobby")
    form.get_by_role("combobox", name="Region").click()
    page.get_by_role("option", name="CN Southwest-Guiyang1").click()
    form.get_by_role("button", name="Start").click()

    expect(form).to_be_hidden()
    expect(last(page)).to_contain_text("The form named lobby.")


def test_a_form_opens_another_on_top_and_both_close(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/stack")
    page.get_by_role("dialog", name="First view").get_by_role("button", name="One more view").click()
    second = page.get_by_role("dialog", name="Second view")
    second.get_by_role("button", name="Choose").click()
    expect(second.locator(".field-error:visible")).to_have_text("Please complete this required field.")
    second.get_by_role("button", name="Back").first.click()
    expect(page.get_by_role("dialog", name="First view")).to_be_visible()

    page.get_by_role("button", name="One more view").click()
    second.get_by_label("English").check()
    second.get_by_label("Spanish").check()
    assert_accessible(page)
    second.get_by_role("button", name="Choose").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(last(page)).to_contain_text("Chosen: EN and ESP.")


def test_menus_and_overflows_reach_the_app(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/selects")
    menu = page.get_by_role("article").filter(has=page.get_by_role("combobox", name="Choose a room"))
    menu.get_by_role("combobox", name="Choose a room").click()
    page.get_by_role("option", name="Incoming").click()
    expect(last(page)).to_contain_text("Selected incoming.")

    menu.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Show the log").click()
    expect(last(page)).to_contain_text("Selected log.")


def test_escape_leaves_a_form_and_the_focus_goes_back(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/form")
    form = page.get_by_role("dialog", name="Start an avatar")
    expect(form).to_be_visible()
    page.keyboard.press("Escape")

    expect(form).to_be_hidden()
    expect(page.get_by_role("combobox", name="Command")).to_be_focused()


def test_a_dangerous_button_asks_first(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/danger")
    last(page).get_by_role("button", name="Stop").click()
    question = page.get_by_role("alertdialog", name="Stop the job?")
    expect(question).to_contain_text("The avatar leaves at once.")
    question.get_by_role("button", name="Keep it").click()
    expect(question).to_be_hidden()
    expect(last(page)).to_contain_text("A job runs.")

    last(page).get_by_role("button", name="Stop").click()
    assert_accessible(page)
    keep(page, "4-confirm")
    question.get_by_role("button", name="Stop it").click()
    expect(last(page)).to_contain_text("Stopped by @Mei.")
    expect(last(page)).to_contain_text("(edited)")


def test_every_kind_of_block_is_drawn_and_text_stays_text(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/blocks")
    message = last(page)

    expect(message.get_by_role("heading", name="Every kind of block")).to_be_visible()
    expect(message.get_by_role("cell", name="running")).to_be_visible()
    expect(message.get_by_role("listitem")).to_contain_text("first of the list")
    expect(message).to_contain_text("<b>not bold</b>")
    expect(message).to_contain_text("🚀")
    expect(message).to_contain_text("@Mei")
    expect(message).to_contain_text("small print of 2026-01-01 20:00")  # the browser is in Shanghai


def test_a_block_that_cannot_be_drawn_says_so(demonstration: str, page: Page) -> None:
    strange = {
        "channel": "C0AVATARS1",
        "ts": "1.000100",
        "user": "U0AVATARBOT",
        "text": "strange",
        "blocks": [{"type": "hologram"}],
        "origin": "chat.postMessage",
        "visible_to": None,
        "thread_ts": None,
        "edited": None,
        "mentions": [],
    }
    page.route("**/sandbox/messages?*", lambda route: route.fulfill(json={"messages": [strange]}))
    page.goto(demonstration)

    expect(last(page)).to_contain_text("This page cannot draw a block of the type “hologram”.")


def test_a_command_that_is_not_acknowledged_fails_in_slacks_words(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    type_command(page, "/silent")

    expect(last(page)).to_contain_text("operation_timeout", timeout=10_000)


def test_the_home_tab_shows_what_the_app_published(demonstration: str, page: Page) -> None:
    page.goto(demonstration)
    page.get_by_role("tab", name="Home").click()

    expect(page.get_by_role("tabpanel", name="Home")).to_contain_text("This is home.")


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1400), ("light", 360), ("dark", 360)])
def test_it_is_readable_in_a_dark_scheme_and_on_a_narrow_window(
    sandbox: str, page: Page, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(sandbox)
    expect(last(page)).to_contain_text("started by @Mei")

    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"5-{scheme}-{width}")


def test_home_starts_and_stops_avatars_and_unread_channels_are_marked(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    expect(last(page)).to_contain_text("started by @Mei")
    type_command(page, "/avatar quick add hall room_id=incoming region=cn-north-4")
    expect(last(page)).to_contain_text("Added the quick start hall")

    page.get_by_role("tab", name="Messages").focus()
    page.keyboard.press("ArrowRight")
    home = page.get_by_role("tabpanel", name="Home")
    expect(home.get_by_role("button", name="Stop")).to_have_count(1)
    expect(home).to_contain_text("announced in #avatars")
    home.get_by_role("button", name="Start").click()
    expect(home.get_by_role("button", name="Stop")).to_have_count(2, timeout=15_000)
    expect(home).to_contain_text("You pressed a button: 🟢  Room incoming is running", timeout=15_000)
    channels = page.get_by_role("navigation", name="People and channels")
    unread = channels.get_by_role("button").filter(has_text="new messages")
    expect(unread).to_contain_text(["avatars"])
    assert_accessible(page)
    for width, scheme in ((1280, "light"), (390, "light"), (390, "dark")):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 1100})
        keep(page, f"home-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})

    home.get_by_role("button", name="Stop").first.click()
    page.get_by_role("alertdialog", name="Stop this job?").get_by_role("button", name="Stop it").click()
    expect(home).to_contain_text("Stopped room incoming", timeout=15_000)
    expect(home.get_by_role("button", name="Stop")).to_have_count(1, timeout=15_000)
    unread.filter(has_text="Avatar bot").click()
    expect(last(page)).to_contain_text("Room incoming is being stopped")
    expect(unread.filter(has_text="Avatar bot")).to_have_count(0)

    channels.get_by_role("button", name="avatars").click()
    type_command(page, "/avatar jobs")
    expect(last(page)).to_contain_text("1 avatar job is under way, 1 ended in the last hour.")
    keep(page, "jobs")
    last(page).get_by_role("link", name="open").first.click()
    opened = page.get_by_role("article").filter(has_text="started by @Mei").first
    expect(opened).to_be_focused()


def test_the_welcome_and_the_trouble_tab_tell_how_jobs_live_and_are_stopped(sandbox: str, page: Page) -> None:
    page.goto(sandbox)
    page.get_by_role("tab", name="Trouble").click()
    trouble = page.get_by_role("tabpanel", name="Trouble")
    expect(trouble).to_contain_text("a job waits 3 s, runs for 2 minutes, then ends because nobody speaks")
    expect(trouble).to_contain_text("a job waits 3 s, runs for 5 s, then ends normally")

    places = page.get_by_role("navigation", name="People and channels")
    places.get_by_role("button", name="studio").click()
    welcome = page.get_by_role("region", name="Welcome")
    expect(welcome).to_contain_text("/avatar stop job_id")
    assert_accessible(page)
    keep(page, "6-welcome")
    welcome.get_by_role("button", name="/avatar jobs").click()
    expect(last(page)).to_contain_text("1 avatar job is under way")
