"""Text -> the keys and passwords that stand in it: known shapes, and long tokens that look drawn at random."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pytest_ftgate.data.pii.ascii_forms import in_ascii_forms
from pytest_ftgate.data.pii.assignments import assigned_secrets
from pytest_ftgate.data.pii.random_tokens import random_tokens
from pytest_ftgate.data.pii.span import Finder, Span, kinds_of, spans_in

_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "private key": re.compile(
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?:-----(?:(?:[^-]|-(?!----)){0,20000}-----END [A-Z ]{0,40}PRIVATE KEY"
            r"-----|(?:\s*[A-Za-z0-9+/=]{40,76})*))?",
            re.A,
        ),
        "AWS key": re.compile(r"(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)", re.A),
        "AWS secret": re.compile(r"(?i:aws_?secret_?(?:access_?)?key)\W{1,5}([A-Za-z0-9/+]{40})(?![\w/+])", re.A),
        "GitHub token": re.compile(r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})", re.A),
        "GitLab token": re.compile(r"(?<!\w)glpat-[\w-]{20,}", re.A),
        "Slack token": re.compile(r"(?<!\w)(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}", re.A),
        "Slack webhook": re.compile(r"(?<=hooks\.slack\.com/services/)T\w{6,}/B\w{6,}/\w{16,}", re.A),
        "Stripe key": re.compile(r"(?<!\w)[rs]k_live_[A-Za-z0-9]{16,}", re.A),
        "Google key": re.compile(r"(?<!\w)AIza[\w-]{35}(?!\w)", re.A),
        "Hugging Face token": re.compile(r"(?<!\w)hf_[A-Za-z0-9]{30,}", re.A),
        "npm token": re.compile(r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)", re.A),
        "PyPI token": re.compile(r"(?<!\w)pypi-AgE[\w-]{50,}", re.A),
        "SendGrid key": re.compile(r"(?<!\w)SG\.[\w-]{16,}\.[\w-]{32,}", re.A),
        "Anthropic key": re.compile(r"(?<![\w-])sk-ant-[\w-]{20,}", re.A),
        "OpenAI key": re.compile(r"(?<![\w-])sk-(?:proj|svcacct|admin)-[\w-]{20,}", re.A),
        "API key (sk-)": re.compile(r"(?<![\w-])sk-(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[A-Z])[\w-]{20,}", re.A),
        "JSON web token": re.compile(r"(?<!\w)eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}", re.A),
        "Discord webhook": re.compile(r"(?<=/api/webhooks/)\d{15,20}/[\w-]{50,}", re.A),
        "Telegram token": re.compile(r"(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])", re.A),
        "password in a header": re.compile(r"(?i:authorization)\W{1,6}(?i:basic)\s+([A-Za-z0-9+/]{8,}={0,2})", re.A),
        "password in a URL": re.compile(
            r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:(?!<)([^\s:/@]{3,100})@(?=[\w\[]|[^\0-\x7f])",
            re.A,
        ),
    }
)
"""Where a pattern has a group, that is the secret."""
_PLACEHOLDER = re.compile(
    r"EXAMPLE|[xX]{6}|\*{3}|your[_-]|YOUR[_-]|\.eyJzdWIiOiIxMjM0NTY3ODkwIi"  # the last begins the payload of jwt.io
    r"|^(?:pass(?:word|wd)?|pwd?|secret|your\w*|[xX]{3,}|\$\w+|\$?\{.*|%s|\[.*|<.*)$"
)
"""What documentation writes in place of a key or a password."""
_ANY = re.compile(r"[!-~]{13}|-----BEGIN|[:=：][\s\"'`\\]{0,4}[!-~]{8}", re.A)
"""What all of them have one of; most rows have none, and are looked at no further."""


def credentials(text: str) -> tuple[str, ...]:
    """The kinds found, each once. A digest in hexadecimal digits is none."""
    return kinds_of(credential_spans(text))


def credential_spans(text: str) -> Iterator[Span]:
    """Where they stand, kind after kind; no two overlap."""
    text = in_ascii_forms(text)
    return spans_in(text, _KINDS) if _ANY.search(text) else iter(())


def _shaped(pattern: re.Pattern[str]) -> Finder:
    """A finder of one shape."""
    group = pattern.groups
    return lambda text: [each.span(group) for each in pattern.finditer(text) if not _PLACEHOLDER.search(each[group])]


_KINDS: Mapping[str, Finder] = MappingProxyType(
    {
        **{kind: _shaped(pattern) for kind, pattern in _SHAPES.items()},
        "random token": random_tokens,
        "password or key": assigned_secrets,
    }
)
