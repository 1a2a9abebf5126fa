"""The page in a real browser: index, ask, read what is cited, compare and vote, meet errors, hang up."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from api.settings import ApiSettings
from assistant.conversations.sessions import SessionStore

Open = Callable[..., Page]
QUESTION = "What is the default quantity in add_to_cart?"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LONG = " ".join(["word"] * 400)


def ask(page: Page, question: str = QUESTION, mode: str = "ask", *, blind: bool = False) -> None:
    """Send a question, and do not wait for anything."""
    page.locator(f"input[name=mode][value={mode}] + span").click()
    if blind:
        page.locator("#blind").check()
    page.fill("#question", question)
    page.locator("#send").click()


def wait_until_done(page: Page) -> None:
    """Until the answer is there, or an error."""
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator(".turn").last).not_to_have_class(re.compile("running"))


def check_accessible(page: Page) -> None:
    """Fail on whatever axe-core finds."""
    found = Axe().run(page).response["violations"]
    assert found == [], json.dumps([(each["id"], [node["html"] for node in each["nodes"]]) for each in found], indent=1)


def width_overflows(page: Page) -> bool:
    """Whether the page can be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def test_answer_streams_with_passages_code_and_trace(served: Any, provider: Any, open_page: Open) -> None:
    """An answer shows its passages, its text with coloured code, its figures, and why it was given this code."""
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    expect(page.locator(".chip").first).to_contain_text("shop/cart.py")
    expect(page.locator(".prose")).to_contain_text("puts an item into the cart")
    expect(page.locator(".prose pre .n").first).to_be_visible()
    expect(page.locator(".after .meta")).to_contain_text("stand-in/words")
    page.locator(".trace > summary").click()
    expect(page.locator(".hits li").first).to_contain_text("passage 1")
    expect(page.locator(".hits .signals").first).to_be_visible()


def test_passages_are_there_before_the_answer(served: Any, provider: Any, open_page: Open) -> None:
    """While the model still writes, passages and the first words can be read."""
    provider.with_code, provider.pause_seconds = LONG, 0.05
    page = open_page(served(provider))
    ask(page)
    expect(page.locator(".chip").first).to_be_visible()
    expect(page.locator(".prose")).to_contain_text("word word")
    expect(page.locator("#stop")).to_be_visible()
    page.locator("#stop").click()


def test_passage_that_has_the_focus_keeps_it_when_the_answer_is_done(
    served: Any, provider: Any, open_page: Open
) -> None:
    """Who looks through the passages while the model writes is not thrown out of them by its end."""
    provider.pause_seconds = 0.1
    page = open_page(served(provider))
    ask(page)
    page.locator(".chip").first.focus()
    wait_until_done(page)
    expect(page.locator(".after .meta")).to_be_visible()
    expect(page.locator(".chip").first).to_be_focused()


def test_citation_opens_the_file_at_its_lines(served: Any, provider: Any, open_page: Open) -> None:
    """A click on a citation opens the file beside the answer, with the cited lines marked and in sight."""
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    page.locator("a.cite").first.click()
    expect(page.locator("#panel h2")).to_have_text("shop/cart.py")
    marked = page.locator("#panel .line.marked")
    expect(marked.first).to_be_in_viewport()
    assert "add_to_cart" in "".join(marked.all_text_contents())
    expect(page.locator("#panel .line")).to_have_count(7)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("a.cite").first).to_be_focused()


def test_cited_file_that_cannot_be_shown_says_why(served: Any, provider: Any, open_page: Open) -> None:
    """Where what was cited is not indexed any more the panel says so, in the service's words."""
    url = served(provider)
    page = open_page(url)
    ask(page)
    wait_until_done(page)
    assert httpx.delete(f"{url}/repos/shop").status_code == 204
    page.locator("a.cite").first.click()
    expect(page.locator("#panel .error")).to_contain_text("No repository 'shop' is indexed")


def test_file_has_a_page_of_its_own(served: Any, provider: Any, open_page: Open) -> None:
    """A file's address shows the file as it was indexed, at the lines that it names; a wrong one says what is wrong."""
    url = served(provider)
    page = open_page(url, "/files/shop/shop/tax.py?lines=6-8#L6")
    expect(page.locator(".line.marked")).to_have_count(3)
    expect(page.locator(".line").nth(2)).to_contain_text("VAT_RATE = 0.19")
    check_accessible(page)
    page.goto(f"{url}/files/shop/shop/taxes.py")
    expect(page.locator("main")).to_contain_text("Did you mean shop/tax.py")


def test_repository_is_indexed_from_the_page(
    served: Any, provider: Any, open_page: Open, make_repo: Callable[..., Any]
) -> None:
    """Indexing shows how far it is, then the repository stands in the list, is chosen, and answers."""
    other = make_repo({f"module_{n}.py": f"def add_to_cart_{n}():\n    return {n}\n" for n in range(40)}, "other")
    page = open_page(served(provider))
    page.locator("#add summary").click()
    page.fill("#source", str(other.path))
    page.locator("#index-form button").click()
    expect(page.locator(".job-title")).to_have_text("other")
    expect(page.locator("input[name=repo][value=other]")).to_be_checked()
    expect(page.locator(".job-text")).to_contain_text("40 files")
    ask(page, "add_to_cart_7", mode="search")
    wait_until_done(page)
    expect(page.locator(".found a.file").first).to_contain_text("module_7.py")


def test_indexing_leaves_alone_what_is_done_meanwhile(
    served: Any, provider: Any, open_page: Open, make_repo: Callable[..., Any]
) -> None:
    """What a conversation is about stays chosen, what is typed stays, and a poll that is refused is no failure."""
    other = make_repo({f"module_{n}.py": f"def compute_{n}():\n    return {n}\n" for n in range(40)}, "other")
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    refusals = ["This key may ask 3 times a minute: wait 1 s."] * 2

    def poll(route: Route) -> None:
        if refusals:
            route.fulfill(status=429, json={"detail": refusals.pop()})
        else:
            route.continue_()

    page.route("**/jobs/*", poll)
    page.locator("#add summary").click()
    page.fill("#source", str(other.path))
    page.locator("#index-form button").click()
    expect(page.locator(".job-text")).to_contain_text("3 times a minute")
    page.fill("#source", "/another/one")
    expect(page.locator(".job-text")).to_contain_text("40 files")
    expect(page.locator("input[name=repo][value=other]")).to_be_visible()
    expect(page.locator("input[name=repo][value=shop]")).to_be_checked()
    expect(page.locator("#source")).to_have_value("/another/one")
    expect(page.locator(".job.failed")).to_have_count(0)


def test_source_that_cannot_be_indexed_is_one_clear_line(served: Any, provider: Any, open_page: Open) -> None:
    """A folder that is not there is an error where it was typed."""
    page = open_page(served(provider))
    page.locator("#add summary").click()
    page.fill("#source", "/nowhere/at/all")
    page.locator("#index-form button").click()
    expect(page.locator(".job.failed .job-text")).to_contain_text("No such path: /nowhere/at/all")


@pytest.fixture
def moved(make_repo: Callable[..., Any], build: Any, shop_home: Path) -> None:
    """A repository that was committed to since it was indexed."""
    repo = make_repo({"a.py": "def first():\n    pass\n"}, "moved")
    build(shop_home, repo.path, "moved")
    repo.commit({"b.py": "def second():\n    pass\n"})


@pytest.mark.usefixtures("moved")
def test_moved_source_is_said_and_indexed_again(served: Any, provider: Any, open_page: Open) -> None:
    """A repository whose source has changed says so in the list; one press indexes it again."""
    page = open_page(served(provider))
    repo = page.locator(".repo", has_text="moved")
    expect(repo).to_contain_text("1 file changed since")
    repo.locator("[data-reindex]").click()
    expect(repo).to_contain_text("2 files")
    expect(repo.locator(".staleness")).to_have_count(0)


def test_repository_whose_ref_is_chosen_is_the_one_that_is_asked(
    served: Any, provider: Any, open_page: Open, shop: Any, make_repo: Callable[..., Any], build: Any, shop_home: Path
) -> None:
    """Choosing a ref chooses its repository; where what is chosen has gone, the first one is, and can be asked."""
    other = make_repo({"a.py": "def first():\n    pass\n"}, "zoo")
    build(shop_home, other.path, "zoo")
    build(shop_home, other.path, "zoo", ref="main")
    url = served(provider)
    page = open_page(url)
    page.locator("select[name=ref-zoo]").select_option("main")
    expect(page.locator("input[name=repo][value=zoo]")).to_be_checked()
    expect(page.locator("#asking")).to_have_text("asking zoo at main")
    assert httpx.delete(f"{url}/repos/zoo").status_code == 204
    page.fill("#question", "begun")
    page.locator("#add summary").click()
    page.fill("#source", str(shop.path))
    page.locator("#index-form button").click()
    expect(page.locator("select[name=ref-zoo]")).to_have_count(0)
    expect(page.locator("input[name=repo][value=shop]")).to_be_checked()


@pytest.mark.usefixtures("moved")
def test_indexing_again_that_failed_can_be_tried_again(served: Any, provider: Any, open_page: Open) -> None:
    """The button that was pressed is there again."""
    page = open_page(served(provider))
    page.route("**/repos", lambda route: route.fulfill(status=503, json={"detail": "Another one is writing."}))
    page.locator("[data-reindex]").click()
    expect(page.locator(".job.failed .job-text")).to_have_text("Another one is writing.")
    expect(page.locator("[data-reindex]")).to_be_enabled()


def test_comparison_shows_both_answers_with_their_figures(served: Any, provider: Any, open_page: Open) -> None:
    """With and without code stand side by side, each with its tokens and seconds."""
    page = open_page(served(provider))
    ask(page, mode="compare")
    wait_until_done(page)
    without, with_code = page.locator(".answer").all()
    expect(without.locator(".arm")).to_have_text("Without code")
    expect(without.locator(".prose")).to_contain_text("I do not know this shop.")
    expect(with_code.locator(".arm")).to_have_text("With code")
    expect(with_code.locator(".prose")).to_contain_text("quantity=3")
    for answer in (without, with_code):
        expect(answer.locator(".meta")).to_contain_text("written")


def test_blind_vote_reveals_and_counts(served: Any, provider: Any, open_page: Open, shop_home: Path) -> None:
    """Before the vote nothing tells the answers apart; after it both are named, and the tally counts the vote."""
    provider.without_code = WITHOUT = "`add_to_cart` has a default of one."
    url = served(provider)
    page = open_page(url)
    ask(page, mode="compare", blind=True)
    expect(page.locator(".ballot")).to_be_visible()
    assert page.locator(".answer .chip, .answer .cite, .answer .meta, .answer .trace").count() == 0
    texts = page.locator(".prose").all_inner_texts()
    assert "[1]" not in "".join(texts)
    assert sorted("default of one" in text for text in texts) == [False, True]
    left_is_with = WITHOUT[-16:] not in texts[0]
    page.locator("[data-vote=left]").click()
    expect(page.locator(".arm").first).to_contain_text("Left: with code" if left_is_with else "Left: without code")
    expect(page.locator("#votes")).to_contain_text("shop")
    [tally] = httpx.get(f"{url}/votes").json()
    assert (tally["n_with"], tally["n_without"]) == ((1, 0) if left_is_with else (0, 1))
    assert 0 <= tally["low"] <= tally["share"] <= tally["high"] <= 1
    assert QUESTION not in (shop_home / "votes.jsonl").read_text()


def test_question_is_kept_with_a_vote_only_if_asked(
    served: Any, provider: Any, open_page: Open, shop_home: Path
) -> None:
    """The box below the ballot keeps the question's text with the vote."""
    page = open_page(served(provider))
    ask(page, mode="compare", blind=True)
    page.locator(".ballot input[name=keep]").check()
    page.locator("[data-vote=tie]").click()
    expect(page.locator(".arm").first).to_contain_text("code")
    [line] = (shop_home / "votes.jsonl").read_text().splitlines()
    assert json.loads(line)["question"] == QUESTION


def test_error_is_one_line_and_the_question_can_be_sent_again(served: Any, provider: Any, open_page: Open) -> None:
    """A model that fails in mid-answer leaves what was written, one line that says what to do, and the question."""
    provider.fails_after = 5
    page = open_page(served(provider))
    ask(page)
    error = page.locator(".turn .error")
    expect(error).to_contain_text("stand-in/words")
    expect(page.locator(".prose")).to_contain_text("puts an item")
    expect(page.locator("#question")).to_have_value(QUESTION)
    provider.fails_after = None
    page.locator("#send").click()
    wait_until_done(page)
    expect(page.locator(".turn").last.locator(".prose")).to_contain_text("That is all.")


def test_repository_that_is_gone_is_an_error_that_says_so(
    served: Any, provider: Any, open_page: Open, shop_home: Path
) -> None:
    """Asking a repository that was removed meanwhile says that it is not indexed."""
    url = served(provider)
    page = open_page(url)
    assert httpx.delete(f"{url}/repos/shop").status_code == 204
    ask(page)
    expect(page.locator(".turn .error")).to_contain_text("No repository 'shop' is indexed")


def test_invented_names_are_marked_and_listed(served: Any, provider: Any, open_page: Open) -> None:
    """A name that neither the repository nor its language has is marked where it stands, and listed below."""
    provider.with_code = "`add_to_cart` calls `reserve_stock_slot(item)` first."
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    expect(page.locator(".prose .unknown")).to_have_text("reserve_stock_slot")
    expect(page.locator(".names")).to_contain_text("1 name not found")
    check_accessible(page)


def test_abstention_is_shown_as_such_and_can_be_overruled(
    served: Any, provider: Any, open_page: Open, make_repo: Callable[..., Any], build: Any, shop_home: Path
) -> None:
    """Where the model was not asked the page says so, with the nearest places; a press asks it all the same."""
    # Smaller repositories are not judged.
    many = make_repo({f"module_{n}.py": f"def compute_{n}(x):\n    return x + {n}\n" for n in range(80)}, "many")
    build(shop_home, many.path, "many")
    page = open_page(served(provider, min_confidence=0.999))
    page.locator("input[name=repo][value=many]").check()
    ask(page, "How are passwords hashed before they are stored?")
    wait_until_done(page)
    expect(page.locator(".abstained")).to_contain_text("The model was not asked")
    expect(page.locator(".label")).to_have_text("The nearest places")
    expect(page.locator(".chip").first).to_be_visible()
    assert provider.asked == []
    check_accessible(page)
    assert "session=" not in page.url  # it is no conversation yet
    page.locator("input[name=repo][value=shop]").check()  # whatever is chosen by then, the same one is asked
    page.locator("[data-anyway]").click()
    wait_until_done(page)
    expect(page.locator(".turn").last.locator(".prose")).to_contain_text("I do not know this shop.")
    assert len(provider.asked[0]) == 2 and "does not show this" not in str(provider.asked[0])
    expect(page.locator("#history li")).to_have_count(1)
    page.reload()
    expect(page.locator(".past .prose")).to_contain_text("I do not know this shop.")


def test_place_in_line_is_shown_while_the_model_is_busy(served: Any, provider: Any, open_page: Open) -> None:
    """A question behind another one says so, then that the model reads it, and is answered."""
    provider.with_code, provider.pause_seconds = LONG, 0.05
    url = served(provider, model_slots=1)
    first, second = open_page(url), open_page(url)
    ask(first)
    expect(first.locator(".prose")).to_contain_text("word word")
    ask(second)
    expect(second.locator(".status")).to_contain_text("Next in line")
    provider.pause_seconds = 2.0
    first.locator("#stop").click()
    expect(second.locator(".status")).to_contain_text("The model reads")
    provider.pause_seconds = 0.05
    expect(second.locator(".prose")).to_contain_text("word word")
    second.locator("#stop").click()


def test_empty_answer_is_said_to_be_none(served: Any, provider: Any, open_page: Open) -> None:
    """A model that writes nothing leaves a line that says so, not a gap."""
    provider.with_code = " "
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    expect(page.locator(".after")).to_contain_text("The model gave no answer")


def test_stop_hangs_up_and_the_model_stops(served: Any, provider: Any, open_page: Open) -> None:
    """The stop button ends the answer where it is, and the model with it."""
    provider.with_code, provider.pause_seconds = LONG, 0.05
    page = open_page(served(provider))
    ask(page)
    expect(page.locator(".prose")).to_contain_text("word word word")
    page.locator("#stop").click()
    expect(page.locator(".status")).to_have_text("Stopped.")
    _assert_stops(provider)


def test_leaving_the_page_stops_the_model(served: Any, provider: Any, open_page: Open) -> None:
    """Whoever closes the page in mid-answer has hung up, too."""
    provider.with_code, provider.pause_seconds = LONG, 0.05
    page = open_page(served(provider))
    ask(page)
    expect(page.locator(".prose")).to_contain_text("word word word")
    page.close()
    _assert_stops(provider)


def _assert_stops(provider: Any) -> None:
    time.sleep(0.5)
    given = len(provider.given)
    time.sleep(0.5)
    assert 0 < given == len(provider.given) < 400


def test_follow_up_carries_the_conversation(served: Any, provider: Any, open_page: Open) -> None:
    """The second question goes to the model with the first one and its answer; a new conversation without."""
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    ask(page, "And where is add_to_cart defined?")
    wait_until_done(page)
    assert any(QUESTION in content for content in provider.asked[1])
    assert any("puts an item into the cart" in content for content in provider.asked[1])
    page.locator("#new").click()
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, "Who adds VAT in add_to_cart?")
    wait_until_done(page)
    assert not any(QUESTION in content for content in provider.asked[2])


def test_conversations_are_kept_and_can_be_forgotten(served: Any, provider: Any, open_page: Open) -> None:
    """A conversation stands in the list, is there again after a reload and goes on; forgotten, it is gone."""
    url = served(provider)
    page = open_page(url)
    ask(page)
    wait_until_done(page)
    expect(page.locator("#history li.current a")).to_have_text(QUESTION)
    page.reload()
    expect(page.locator(".past .question")).to_have_text(QUESTION)
    expect(page.locator(".past .prose")).to_contain_text("puts an item into the cart")
    ask(page, "And who calls add_to_cart?")
    wait_until_done(page)
    assert any(QUESTION in content for content in provider.asked[1])
    assert [len(each["messages"]) for each in [httpx.get(url + "/sessions/" + _session_of(page)).json()]] == [4]
    page.locator("[data-forget]").click()
    expect(page.locator("#history-section")).to_be_hidden()
    expect(page.locator(".past, .turn")).to_have_count(0)
    assert httpx.get(f"{url}/sessions").json() == []


def test_conversation_that_cannot_be_forgotten_stays(served: Any, provider: Any, open_page: Open) -> None:
    """Where the service could not forget it, it stays in the list with the reason, and can be forgotten again."""
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    page.route("**/sessions/*", lambda route: route.fulfill(status=503, json={"detail": "Conversations are busy."}))
    page.locator("[data-forget]").click()
    expect(page.locator("#history-error")).to_have_text("Conversations are busy.")
    expect(page.locator("#history li")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)
    check_accessible(page)
    page.unroute("**/sessions/*")
    page.locator("[data-forget]").click()
    expect(page.locator("#history-section")).to_be_hidden()


def test_conversation_that_is_forgotten_while_it_is_answered_is_gone(
    served: Any, provider: Any, open_page: Open
) -> None:
    """Forgetting it stops the answer that it waits for, and nothing of it comes back."""
    url = served(provider)
    page = open_page(url)
    ask(page)
    wait_until_done(page)
    provider.with_code, provider.pause_seconds = LONG, 0.05
    ask(page, "And who calls add_to_cart?")
    expect(page.locator(".prose").last).to_contain_text("word word")
    page.locator("[data-forget]").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#stop")).to_be_hidden()
    _assert_stops(provider)
    assert "session=" not in page.url
    assert httpx.get(f"{url}/sessions").json() == []


def test_address_of_a_conversation_that_is_gone_says_so(served: Any, provider: Any, open_page: Open) -> None:
    """A bookmark of what was deleted leads to a new conversation, with a line that says why."""
    page = open_page(served(provider), "/?session=never-was")
    expect(page.locator("#turns .error")).to_contain_text("There is no session 'never-was'")
    expect(page.locator("#welcome")).to_be_visible()
    assert "session=" not in page.url
    check_accessible(page)


def _session_of(page: Page) -> str:
    return page.url.partition("session=")[2]


def test_reopened_conversation_goes_on_at_its_ref(
    served: Any, provider: Any, open_page: Open, shop: Any, build: Any, shop_home: Path
) -> None:
    """A conversation about another ref than the first is opened with it, and its next question asks it, too."""
    build(shop_home, shop.path, "shop", ref="main")
    url = served(provider)
    page = open_page(url)
    page.locator("select[name=ref-shop]").select_option("main")
    ask(page)
    wait_until_done(page)
    again = open_page(url, f"/?session={_session_of(page)}")
    expect(again.locator(".past .question")).to_have_text(QUESTION)
    expect(again.locator("#asking")).to_have_text("asking shop at main")
    ask(again, "And who calls add_to_cart?")
    wait_until_done(again)
    expect(again.locator(".divider")).to_have_count(0)
    assert any(QUESTION in content for content in provider.asked[1])
    assert httpx.get(f"{url}/sessions/{_session_of(page)}").json()["repo"] == "shop@main"


def test_reopened_conversation_about_all_of_them_goes_on(
    served: Any, provider: Any, open_page: Open, shop: Any, build: Any, shop_home: Path
) -> None:
    """However many there are, the next question of a conversation about all repositories asks all of them, too."""
    build(shop_home, shop.path, "tools")
    url = served(provider)
    page = open_page(url)
    page.locator(".repo.all input").check()
    expect(page.locator("#asking")).to_have_text("asking all repositories")
    ask(page)
    wait_until_done(page)
    again = open_page(url, f"/?session={_session_of(page)}")
    expect(again.locator("#asking")).to_have_text("asking all repositories")
    ask(again, "And who calls add_to_cart?")
    wait_until_done(again)
    expect(again.locator(".divider")).to_have_count(0)
    assert httpx.get(f"{url}/sessions/{_session_of(page)}").json()["n_messages"] == 4


@pytest.fixture
def two_conversations(shop_home: Path) -> None:
    """Two conversations that the service keeps: `one` and `two`."""
    store = SessionStore(ApiSettings(home=shop_home))
    for name in ("one", "two"):
        store.append(None, name, f"Question {name}?", "It is so.", repo="shop")
    store.close()


def test_conversation_that_comes_late_is_not_shown(
    served: Any, provider: Any, open_page: Open, two_conversations: None
) -> None:
    """The conversation that was pressed last is shown, and a question that is asked meanwhile is left in peace."""
    page = open_page(served(provider))
    held: list[Route] = []
    page.route("**/ui/sessions/one", lambda route: held.append(route))

    def release() -> None:
        with page.expect_response("**/ui/sessions/one"):
            held.pop().continue_()

    page.locator("#history [data-session=one] a").click()
    page.locator("#history [data-session=two] a").click()
    expect(page.locator(".past .question")).to_have_text("Question two?")
    release()
    page.locator("#history [data-session=one] a").click()
    ask(page)
    release()
    wait_until_done(page)
    expect(page.locator(".turn .prose")).to_contain_text("puts an item into the cart")
    expect(page.locator(".past .question")).to_have_text("Question two?")
    assert _session_of(page) == "two"


def test_back_leads_to_the_conversation_before(
    served: Any, provider: Any, open_page: Open, two_conversations: None
) -> None:
    """Opening conversations and beginning one are steps of the browser's history; asking and jumping are none."""
    page = open_page(served(provider))
    question = page.locator(".past .question")
    for name in ("one", "two"):
        page.locator(f"#history [data-session={name}] a").click()
        expect(question).to_have_text(f"Question {name}?")
    page.locator("#new").click()
    expect(page.locator("#welcome")).to_be_visible()
    page.go_back()
    expect(question).to_have_text("Question two?")
    page.go_back()
    expect(question).to_have_text("Question one?")
    page.go_back()
    expect(page.locator("#welcome")).to_be_visible()
    expect(question).to_have_count(0)
    page.go_forward()
    expect(question).to_have_text("Question one?")


@pytest.mark.parametrize("about", ["all", "shop@8.1", "removed"])
def test_reopened_conversation_about_what_cannot_be_chosen_is_not_gone_on_with(
    served: Any, provider: Any, open_page: Open, shop_home: Path, about: str
) -> None:
    """Where the page asks something else than the conversation was about it says so, and begins another one."""
    store = SessionStore(ApiSettings(home=shop_home))
    store.append(None, "earlier", "What is the VAT rate?", "It is 19 %.", repo=about)
    store.close()
    url = served(provider)
    page = open_page(url, "/?session=earlier")
    expect(page.locator(".past .question")).to_have_text("What is the VAT rate?")
    ask(page)
    wait_until_done(page)
    expect(page.locator(".divider")).to_have_text("now asking shop")
    assert not any("VAT rate?" in content for content in provider.asked[0])
    assert _session_of(page) != "earlier"
    assert httpx.get(f"{url}/sessions/earlier").json()["n_messages"] == 2


def test_what_a_model_writes_is_never_markup(served: Any, provider: Any, open_page: Open) -> None:
    """Raw HTML, images and links of an answer are shown as text: nothing of it is an element, or leads anywhere."""
    provider.with_code = (
        "<img src=x onerror=\"document.title='gone'\"> <script>document.title='gone'</script> "
        "![p](http://outside.example/p.png) [c](javascript:alert(1)) <a href='http://outside.example'>x</a> def"
    )
    page = open_page(served(provider))
    ask(page)
    wait_until_done(page)
    expect(page.locator(".prose")).to_contain_text("<script>")
    assert page.locator(".prose img, .prose script, .prose a").count() == 0
    assert page.title() == "Quarry: ask a codebase"


def test_page_forbids_scripts_and_addresses_of_others(served: Any, provider: Any) -> None:
    """The page's own header allows nothing but this server: no inline script, no style, no other address."""
    policy = httpx.get(served(provider)).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_without_a_model_search_works_and_says_what_to_do(served: Any, open_page: Open) -> None:
    """With no model on the machine the page says how to get one; searching works."""
    page = open_page(served(None, model="embedded/qwen2.5-coder-0.5b", ollama_url="http://127.0.0.1:9"))
    expect(page.locator("#model-notice")).to_contain_text("quarry models pull")
    ask(page)
    expect(page.locator(".turn .error")).to_contain_text("quarry models pull")
    ask(page, "VAT_RATE", mode="search")
    wait_until_done(page)
    expect(page.locator(".found a.file").first).to_contain_text("shop/tax.py")


def test_everything_by_keyboard(served: Any, provider: Any, open_page: Open) -> None:
    """Without a mouse: the skip link, the question, sending, a citation, closing it, stopping."""
    page = open_page(served(provider))
    expect(page.locator("#question")).to_be_focused()
    page.mouse.click(2, 2)  # where Tab goes on from: the bar, behind the skip link
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Control+Enter")
    wait_until_done(page)
    page.locator("a.cite").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("a.cite").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    provider.with_code, provider.pause_seconds = LONG, 0.05
    page.keyboard.type("Tell me more about add_to_cart.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".prose").last).to_contain_text("word word")
    page.keyboard.press("Escape")
    expect(page.locator(".status").last).to_have_text("Stopped.")


def test_focus_is_never_lost(served: Any, provider: Any, open_page: Open) -> None:
    """It goes from Ask to Stop and back, and from a file to the citation, though its block has grown meanwhile."""
    provider.with_code = f"`add_to_cart` puts an item into the cart, with `quantity=3` by default. {LONG[:300]}"
    provider.pause_seconds = 0.05
    page = open_page(served(provider))
    page.fill("#question", QUESTION)
    page.locator("#send").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_focused()
    wait_until_done(page)
    expect(page.locator("#send")).to_be_focused()
    ask(page)
    page.locator(".turn").last.locator("a.cite").first.click()
    expect(page.locator("#panel h2")).to_be_visible()
    wait_until_done(page)
    page.keyboard.press("Escape")
    expect(page.locator("a.cite:focus")).to_have_count(1)


def test_tab_reaches_every_control_in_the_order_of_the_page(served: Any, provider: Any, open_page: Open) -> None:
    """Going on with Tab passes the list of repositories, then the question, then what to do with it."""
    page = open_page(served(provider))
    page.mouse.click(2, 2)
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.id || ''"))
    for first, second in (("theme", "repo"), ("repo", "question"), ("question", "mode"), ("mode", "send")):
        assert seen.index(first) < seen.index(second), seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violations(served: Any, provider: Any, open_page: Open, scheme: str) -> None:
    """axe-core finds nothing wrong: before a question, with an answer, its trace and a file, and with a ballot."""
    page = open_page(served(provider), color_scheme=scheme)
    expect(page.locator("#model")).to_have_attribute("data-state", "ok")
    page.locator("#add summary").click()
    check_accessible(page)
    ask(page)
    wait_until_done(page)
    page.locator(".trace > summary").click()
    page.locator("a.cite").first.click()
    expect(page.locator("#panel h2")).to_be_visible()
    check_accessible(page)
    ask(page, mode="compare", blind=True)
    expect(page.locator(".ballot")).to_be_visible()
    check_accessible(page)
    page.locator("[data-vote=tie]").click()
    expect(page.locator(".verdict .tally")).to_be_visible()
    check_accessible(page)


def test_status_is_told_to_screen_readers_but_not_each_token(served: Any, provider: Any, open_page: Open) -> None:
    """The live region says what happens in few words and gives the answer once; the growing text is not live."""
    page = open_page(served(provider))
    page.evaluate(
        """() => { window.told = [];
        new MutationObserver(() => window.told.push(document.getElementById("announcer").textContent))
          .observe(document.getElementById("announcer"), {childList: true, characterData: true, subtree: true}); }"""
    )
    ask(page)
    wait_until_done(page)
    told = page.evaluate("window.told")
    assert told[-1].startswith("Answer: add_to_cart puts an item into the cart, with quantity=3 by default.")
    assert "Copy" not in told[-1]
    assert len(told) <= 6
    assert page.locator(".prose").evaluate("element => element.closest('[aria-live]')") is None


def test_phone_never_scrolls_sideways(served: Any, provider: Any, open_page: Open) -> None:
    """On a phone everything fits its width: the answer, the sheet with a file, the repositories, a comparison."""
    provider.with_code += f"\n\n```\n{'x' * 300}\n```\n\n`{'y' * 200}`"
    page = open_page(served(provider), **PHONE)
    assert not width_overflows(page)
    ask(page)
    wait_until_done(page)
    page.locator(".trace > summary").click()
    assert not width_overflows(page)
    page.locator("a.cite").first.click()
    expect(page.locator("#panel h2")).to_be_in_viewport()
    assert not width_overflows(page)
    page.locator("#panel-close").click()
    page.locator("#menu").click()
    expect(page.locator("#repos")).to_be_visible()
    check_accessible(page)
    assert not width_overflows(page)
    page.locator("#menu").click()
    ask(page, mode="compare")
    wait_until_done(page)
    assert not width_overflows(page)


def test_dark_and_light_follow_the_system_until_chosen(served: Any, provider: Any, open_page: Open) -> None:
    """The page is dark where the system is; the button switches, and the choice is kept."""
    background = "getComputedStyle(document.body).backgroundColor"
    page = open_page(served(provider), color_scheme="dark")
    dark = page.evaluate(background)
    page.locator("#theme").click()
    light = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == light


def test_key_is_asked_for_where_one_is_needed(served: Any, provider: Any, open_page: Open, shop_home: Path) -> None:
    """A service with keys leads to the sign-in page; a wrong key is refused there, the right one leads to asking."""
    from api.keys import KeyStore

    store = KeyStore(shop_home)
    token = store.create("reader")
    store.close()
    page = open_page(served(provider, require_keys=True))
    expect(page.locator("h2")).to_have_text("Sign in")
    check_accessible(page)
    page.fill("#key", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator(".error")).to_contain_text("not known")
    page.fill("#key", token)
    page.keyboard.press("Enter")
    ask(page)
    wait_until_done(page)
    expect(page.locator(".prose")).to_contain_text("puts an item into the cart")
