"""What tests read from a page and press on it."""

from typing import Any

from streamlit.testing.v1 import AppTest


def words(page: AppTest) -> str:
    """Everything that the page says."""
    assert not page.exception, page.exception
    blocks = [page.markdown, page.title, page.header, page.subheader, page.caption]
    blocks += [page.error, page.warning, page.info, page.success]
    return "\n".join(str(element.value) for block in blocks for element in block)


def press(page: AppTest, key: str) -> AppTest:
    return next(button for button in page.button if button.key == key).click().run()


def keys(page: AppTest, prefix: str) -> list[str]:
    """What follows `prefix` in the keys of the buttons, in their order."""
    found = [str(button.key) for button in page.button]
    return [key.removeprefix(prefix) for key in found if key.startswith(prefix)]


def field(fields: Any, key: str) -> Any:
    return next(one for one in fields if one.key == key)


def labelled(elements: Any, label: str) -> Any:
    return next(one for one in elements if one.label == label)


def address(page: AppTest, name: str) -> str:
    """A part of the query string, which is a list or its last."""
    found = page.query_params[name]
    return found if isinstance(found, str) else found[-1]
