"""The child that renders a description: `python -m index.publish.describing`, source in, HTML out, within limits.

What comes out holds the tags of `_TAGS` and nothing else: no attribute, no link, no image. An image is its alternative
text, a link its text and its address. Headings go on from the page's own, without a gap.
"""

from __future__ import annotations

import resource
import sys
from html import escape
from html.parser import HTMLParser
from typing import Final

import msgspec

__all__ = ["Source", "plain_html", "render"]

_CPU_SECONDS: Final = 2
_MEMORY: Final = 1024**3

_TAGS: Final = frozenset(
    {
        *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"),
        *("ul", "ol", "li", "dl", "dt", "dd"),
        *("table", "thead", "tbody", "tfoot", "tr", "th", "td"),
        *("code", "kbd", "samp", "em", "strong", "b", "i", "s", "del", "sub", "sup"),
    }
)
_RENAMED: Final = {"tt": "code", "strike": "s", "ins": "em", "cite": "em", "var": "em"}
_VOID: Final = frozenset({"br", "hr"})
_DROPPED_WITH_TEXT: Final = frozenset({"script", "style", "title", "template", "noscript", "iframe", "object", "svg"})
#: An empty one of these says something wrong to a screen reader.
_NEVER_EMPTY: Final = {"h1": "", "h2": "", "h3": "", "h4": "", "h5": "", "h6": "", "th": "td"}
_DEEPEST: Final = 6


class Source(msgspec.Struct, frozen=True):
    """A description as the metadata have it."""

    text: str
    content_type: str = ""

    @property
    def media_type(self) -> str:
        """The type without its parameters; reStructuredText where none is given, as the metadata specification says."""
        return self.content_type.partition(";")[0].strip().lower() or "text/x-rst"

    @property
    def is_plain(self) -> bool:
        """Whether it is to be shown as it is."""
        return self.media_type not in {"text/markdown", "text/x-rst"}

    def encoded(self) -> bytes:
        """The source for the child."""
        return msgspec.json.encode(self)


class _Plain(HTMLParser):
    """Rewrites HTML with the few tags that a description may have; everything else is its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._open: list[tuple[str, str, int]] = []
        """Tag as it came, tag as it went out, and its place."""
        self._links: list[tuple[str, int]] = []
        self._level = 2
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED_WITH_TEXT:
            self._silent += 1
        elif tag == "img":
            self.handle_data(dict(attrs).get("alt") or "")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.out)))
        else:
            self._begin(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED_WITH_TEXT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif any(came == tag for came, _, _ in self._open):
            while self._close() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(escape(data, quote=False))

    def finish(self) -> str:
        """The HTML, with every tag closed."""
        self.close()
        while self._open:
            self._close()
        return "".join(self.out)

    def _begin(self, tag: str) -> None:
        name = _RENAMED.get(tag, tag)
        if name not in _TAGS or self._silent:
            return
        if name in _VOID:
            self.out.append(f"<{name}>")
            return
        if name in _NEVER_EMPTY and name != "th":
            self._level = min(int(name[1]) + 2, self._level + 1, _DEEPEST)
            name = f"h{self._level}"
        self._open.append((tag, name, len(self.out)))
        self.out.append(f"<{name}>")

    def _close(self) -> str:
        came, name, place = self._open.pop()
        if name in _NEVER_EMPTY and not "".join(self.out[place + 1 :]).strip():
            replacement = _NEVER_EMPTY[name]
            self.out[place] = f"<{replacement}>" if replacement else ""
            name = replacement
        self.out.append(f"</{name}>" if name else "")
        return came

    def _end_link(self, href: str, place: int) -> None:
        text = "".join(self.out[place:]).strip()
        if text and href.startswith(("https://", "http://")) and escape(href, quote=False) not in text:
            self.handle_data(f" ({href})")


def plain_html(html: str) -> str:
    """`html` with the tags of a description only."""
    parser = _Plain()
    parser.feed(html)
    return parser.finish()


def render(source: Source) -> str | None:
    """The description as HTML, or None where it is not well-formed."""
    from readme_renderer import markdown, rst  # noqa: PLC0415 # slow to import, and only the child needs it

    if source.media_type == "text/markdown":
        variant = "CommonMark" if "commonmark" in source.content_type.lower() else "GFM"
        html = markdown.render(source.text, variant=variant)
    else:
        html = rst.render(source.text, stream=sys.stderr)
    return None if html is None else plain_html(html)


def main() -> int:
    """The exit status; on success the HTML has been written."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    html = render(msgspec.json.decode(sys.stdin.buffer.read(), type=Source))
    if html is None:
        return 1
    sys.stdout.buffer.write(html.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
