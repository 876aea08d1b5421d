"""Text -> where e-mail addresses stand in it that may be someone's."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from pytest_ftgate.data.pii.span import Place

_LATIN, _CYRILLIC, _GREEK = (
    rf"\p{{{script}}}\u0300-\u036f0-9" for script in ("Script=Latin", "Script=Cyrillic", "Script=Greek")
)


def _address(letters: str, top: str) -> str:
    """Of letters of one script, so that one which follows words of another without a space begins where it begins."""
    local = rf"(?<![{letters}_])[{letters}_](?:[{letters}_.%+'-]{{0,62}}[{letters}_+-])?"
    label = rf"[{letters}](?:[{letters}-]{{0,61}}[{letters}])?"
    return rf"{local}@(?:{label}\.)+(?:{top})(?![{letters}])"


_EMAIL = regex.compile(
    "|".join(
        (
            _address(_LATIN, "[a-z]{2,24}|xn--[a-z0-9-]{2,59}"),
            _address(_CYRILLIC, r"\p{Script=Cyrillic}{2,24}|[a-z]{2,24}"),
            _address(_GREEK, r"\p{Script=Greek}{2,24}|[a-z]{2,24}"),
        )
    ),
    regex.IGNORECASE,
)
_RESERVED = frozenset({"test", "example", "invalid", "localhost", "local", "internal", "lan"})
"""Last labels of RFC 2606, RFC 6762 and of private networks."""
_FILES = regex.compile("png|jpe?g|gif|svg|webp|bmp|ico|t?gz|bz2|xz|json|ya?ml|css|html|xml|csv|txt|js")
_YOURS = regex.compile(
    r"your[\w.+-]*|user(?:[._-]?name)?|first(?:name)?[._-]?last(?:name)?|(?:no|do[._-]?not)[._-]?reply|git"
)
"""Parts before the @ that name nobody, whatever follows."""
_ANYONE = regex.compile(
    r"foo|bar|baz|qux|name|e?mail|me|you|some(?:one|body)|nobody|test(?:er)?|admin|alice|bob|(?:john|jane)(?:\.?doe)?|abc|xyz"
)
_ANYWHERE = regex.compile(
    "foo|bar|baz|qux|foobar|e?mail|test|server|host|(?:my)?(?:domain|company|website|site)|abc|xyz"
)
"""Both together name nobody: foo@bar.com."""


def emails(text: str) -> Iterator[Place]:
    """All but placeholders, such as those of RFC 2606, and file names. text: in ASCII forms."""
    if "@" in text:
        yield from (found.span() for found in _EMAIL.finditer(text) if not is_placeholder(found.group()))


def is_placeholder(address: str) -> bool:
    """Whether an address is one that documentation uses, or none at all."""
    local, _, domain = address.lower().partition("@")
    *_, owner, top = labels = domain.split(".")
    if top in _RESERVED or "example" in labels or _FILES.fullmatch(top):
        return True
    if owner.startswith("your") or _YOURS.fullmatch(local):
        return True
    return len(local) == len(owner) == 1 or bool(_ANYONE.fullmatch(local) and _ANYWHERE.fullmatch(owner))
