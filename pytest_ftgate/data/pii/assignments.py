"""Text -> where the value of a password or key stands in it, after a word that says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_ftgate.data.pii.random_tokens import changes, share_of_words
from pytest_ftgate.data.pii.span import Place

_VALUE = (
    r"(?:\\?[\"'`])?\s{0,2}(?:=>?|:|：)\s{0,2}(?:\\?[\"'`])?"
    r"([\w!@#$%^&*?+/=~-]{8,128})(?=[\s\"'`,;.)<\\\]}]|[^\0-\x7f]|$)"
)
_PASSWORD = re.compile(
    r"(?:(?<![a-z])(?:pass(?:word|wd|phrase|wort)|pwd|kennwort|contraseña|senha|mot de passe)|_pass(?:word|wd)"
    r"|密码|密碼|口令|パスワード|비밀번호|пароль)" + _VALUE,
    re.I | re.A,
)
_KEY = re.compile(
    r"(?<![a-z])(?:api|access|auth|client|secret|private|bearer|app)?[_ -]?(?:key|token|secret)" + _VALUE, re.I | re.A
)
_LEAST_OF_KEYS = 16
_FAMILIAR = re.compile(r"p[a@4][s$5]{2}w[o0]rd|change.?me|example|placeholder|your|1234|abcd|x{4}|\*{3}", re.I)
"""What documentation writes in place of one."""
_SYMBOL = re.compile(r"[!@#$%^&*?~]")


def assigned_secrets(text: str) -> Iterator[Place]:
    """Passwords of 8 characters or more, keys of 16, that mix letters with digits as no word does; no placeholders."""
    for pattern, least in ((_PASSWORD, 8), (_KEY, _LEAST_OF_KEYS)):
        for found in pattern.finditer(text):
            value = found[1]
            if len(value) >= least and _is_mixed(value) and not _FAMILIAR.search(value):
                yield found.span(1)


def _is_mixed(value: str) -> bool:
    """Letters and at least two digits, in no order that words and names have; or a symbol among all other kinds."""
    digits = sum(map(str.isdigit, value))
    if not digits or not re.search("[A-Za-z]", value) or re.fullmatch(r"[0-9a-fA-F]+(?:-[0-9a-fA-F]+)+", value):
        return False
    if _SYMBOL.search(value) and value.lower() != value:
        return True
    return digits >= 2 and changes(value) >= 0.35 and share_of_words(value) <= 0.5
