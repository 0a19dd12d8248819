import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.components.words import distinct
from frontend.safe_text import cited_text, code, marked, model_text, paragraphs, plain, straight, told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![cat](https://evil.example/c.png)", "cat"),
        ("![cat][ref]", "cat"),
        ("costs $5 and $10", r"costs \$5 and \$10"),
        ("see [the price](https://shop.example/p)", "see the price (https://shop.example/p)"),
        ("[click](javascript:alert(1))", "click)"),
        ("[[a](b)](https://evil.example)", r"[a]\(https://evil.example)"),
        ("!![x](y)[z](https://evil.example/c.png)", "!xz (https://evil.example/c.png)"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)>"),
        ("# Title\ntext", "**Title**  \ntext"),
        ("a note[^1]", r"a note\[^1]"),
        ("answer [1] and [2]", "answer [1] and [2]"),
        ("```mermaid\ngraph\n```", "```text\ngraph\n```"),
        ("use `$HOME` now", "use `$HOME` now"),
        ("one\ntwo\n\nthree", "one  \ntwo\n\nthree"),
    ],
)
def test_what_a_model_wrote_may_be_emphasised_but_not_act(text: str, shown: str) -> None:
    assert model_text(text) == shown


def test_a_directive_in_model_text_is_only_text() -> None:
    assert ":red[" not in model_text(":red[urgent] :material/home: :smile:")
    assert ":material/" not in model_text(":material/home:")


@pytest.mark.parametrize("shown", [plain, paragraphs, model_text])
def test_an_icon_or_a_mark_that_turns_the_text_is_only_text(shown: Callable[[str], str]) -> None:
    bare = shown(":material/home: :Smile: :100: \u202enekot\u2066x").replace("\\", "")
    assert not re.search(r":[\w+/-]+:", bare), bare
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", bare)


@pytest.mark.parametrize("text", ["10:30:15", "std::vector::size", "https://shop.example/p", "a@shop.example"])
@pytest.mark.parametrize("shown", [plain, paragraphs, model_text])
def test_what_may_be_copied_is_copied_as_it_is(shown: Callable[[str], str], text: str) -> None:
    assert "\u2060" not in shown(text)


def test_what_turns_the_text_is_taken_out_where_no_markdown_is_drawn() -> None:
    assert straight("a\u202eb") == "ab"
    assert code("a\u202eb") == "`` ab ``"
    assert list(distinct({1: "a\u202eb", 2: "ab"}).values()) == ["ab", "ab (2)"]


def test_a_link_definition_is_only_text() -> None:
    assert not model_text("[1]: https://evil.example/x").startswith("[1]:")


@given(st.text(alphabet="![]()`<>$:#=-\n ab/.", max_size=60))
def test_no_image_survives_outside_code(text: str) -> None:
    without_code = text.replace("`", "")
    assert "![" not in model_text(without_code)


@given(st.text(max_size=80))
def test_plain_text_is_one_line_in_which_every_mark_is_escaped(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    bare = shown.replace("\\\\", "")
    for mark in "*_`[]<>$:#|":
        assert bare.count(mark) == bare.count("\\" + mark)


@pytest.mark.parametrize("text", ["https://a.example/v1", "a`b`` c", "`", "two\nlines"])
def test_code_is_one_line_that_nothing_in_it_ends(text: str) -> None:
    shown = code(text)
    assert shown.startswith("`` ")
    assert shown.endswith(" ``")
    assert "`" not in shown[2:-2]
    assert "\n" not in shown


def test_a_command_in_what_the_api_says_is_code_and_the_rest_exactly_as_it_is() -> None:
    assert told("run `make lora`, or `pip install '.[lora]'` *here*") == (
        "run `` make lora ``, or `` pip install '.[lora]' `` \\*here\\*"
    )
    assert told("a ` b\nc") == "a \\` b c"
    assert told("``a``") == "\\`\\`a\\`\\`"


@given(st.text(alphabet="![]()`<>$:#=-\n ab/.", max_size=60))
def test_no_image_survives_in_what_the_api_says(text: str) -> None:
    assert "![" not in re.sub("`` .*? ``", "", told(text))


def test_the_quote_is_marked_line_by_line() -> None:
    text = "Before.\nOne line\nand another. After."
    start = text.index("One")
    shown = marked(text, start, text.index(" After"))
    assert shown == "Before.  \n:orange-background[One line]  \n:orange-background[and another.] After."


def test_marks_in_the_source_text_stay_what_they_are() -> None:
    assert marked("a [b] :red[c] $d$", 2, 5) == r"a :orange-background[\[b\]] \:red\[c\] \$d\$"


def test_paragraphs_keep_their_line_breaks_and_a_number_does_not_start_a_list() -> None:
    assert paragraphs("1. first\n2. second") == "1\\. first  \n2\\. second"


TARGETS = {1: "#cite_a_1", 3: "#cite_a_3"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hubs are covered. [1]", "Hubs are covered. [\\[1\\]](#cite_a_1)"),
        ("Both [1][3].", "Both [\\[1\\]](#cite_a_1)[\\[3\\]](#cite_a_3)."),
        ("Both [1, 3].", "Both \\[[1](#cite_a_1), [3](#cite_a_3)\\]."),
        ("Only one [2, 3].", "Only one \\[2, [3](#cite_a_3)\\]."),
        ("Not given [2].", "Not given [2]."),
        ("In code `[1]`.", "In code `[1]`."),
        ("A subscript a[1] or f(x)[1].", "A subscript a[1] or f(x)[1]."),
        ("**[1]**", "**[\\[1\\]](#cite_a_1)**"),
    ],
)
def test_the_marks_of_an_answer_lead_to_their_sources(text: str, shown: str) -> None:
    assert cited_text(text, TARGETS) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[click](https://evil.example)",
        "[click [1] here](https://evil.example)",
        "[1](https://evil.example)",
        "![1](https://evil.example/x.png)",
        "[1]: https://evil.example",
        "[[1]](javascript:alert(1))",
        '<a href="https://evil.example">[1]</a>',
        "[1][2]\n\n[2]: https://evil.example",
    ],
)
def test_no_link_of_an_answer_leads_anywhere_but_to_a_source(text: str) -> None:
    shown = cited_text(text, TARGETS)
    targets = re.findall(r"(?<!\\)\]\(([^)]*)\)", shown)
    assert set(targets) <= set(TARGETS.values())
    assert not re.search(r"^ {0,3}\[[^\]]*(?<!\\)\]:", shown, re.MULTILINE)
    assert not re.search(r"(?<!\\)<", shown)
