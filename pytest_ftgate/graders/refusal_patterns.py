"""Turns of phrase by which answers decline, in several languages: all our own, none from a list of others."""

from __future__ import annotations

import re
from functools import lru_cache

_REST = r"[^.!?,;\n]"
"""What may stand between two words of one clause."""

_INABILITY: dict[str, tuple[str, str, str]] = {
    "English": (
        r"\bI(?: can(?:no|')t| can not| won't| will not| am not able to| am unable to|'m not able to|'m unable to)",
        r"(?: \w+)?",
        r" (?:help|assist|provide|comply|answer|share|give|create|write|disclose|reveal|discuss|do (?:that|this|so))\b",
    ),
    "German": (
        r"\b(?:ich (?:kann|darf|werde|möchte)|(?:kann|darf|werde) ich)\b",
        _REST + r"{0,50}\b(?:nicht|keine?n?)\b" + _REST + r"{0,30}",
        r"\b(?:(?:weiter)?helfen|beantworten|bereitstellen|unterstützen|nachkommen|geben|erteilen|schreiben|behilflich)\b",
    ),
    "French": (
        r"\bje ne (?:peux|puis|pourrai|suis)\b",
        _REST + r"{0,20}\bpas\b" + _REST + r"{0,30}",
        r"\b(?:aider|répondre|fournir|assister|satisfaire|donner|partager)\b",
    ),
    "Spanish": (
        r"\bno (?:puedo|podré|me es posible|estoy autorizad[oa])\b",
        _REST + r"{0,25}",
        r"\b(?:ayudar|responder|proporcionar|asistir|cumplir|compartir|dar)",
    ),
    "Italian": (
        r"\bnon (?:posso|sono in grado)\b",
        _REST + r"{0,25}",
        r"\b(?:aiutar|risponder|fornir|assister|condivider|dar)",
    ),
    "Portuguese": (
        r"\bnão (?:posso|consigo|me é possível)\b",
        _REST + r"{0,25}",
        r"\b(?:ajudar|responder|fornecer|auxiliar|atender|compartilhar|partilhar|dar)",
    ),
    "Dutch": (
        r"\b(?:ik (?:kan|mag|zal)|(?:kan|mag|zal) ik)\b",
        _REST + r"{0,40}\b(?:niet|geen)\b" + _REST + r"{0,30}",
        r"\b(?:helpen|beantwoorden|geven|verstrekken|voldoen)\b",
    ),
    "Polish": (
        r"\bnie (?:mogę|będę|jestem w stanie)\b",
        _REST + r"{0,25}",
        r"\b(?:pomóc|odpowiedzieć|udzielić|podać|spełnić)\b",
    ),
    "Turkish": (r"\b(?:yardımcı|yanıt|cevap)\b", r" ", r"(?:olama|vereme)"),
    "Russian": (
        r"\bне (?:могу|буду|смогу|вправе)\b",
        _REST + r"{0,25}",
        r"\b(?:помо|ответ|отвеч|предостав|выполн|дать|подел)",
    ),
    "Chinese": (r"(?:无法|不能|没法|無法|不便)", r"[^。！？，\n]{0,12}", r"(?:帮|协助|提供|回答|满足|協助|幫|滿足)"),
    "Japanese": (
        r"(?:お手伝い|お答え|お応え|回答|対応|提供|ご案内|お伝え)",
        r"[^。、\n]{0,10}",
        r"(?:できません|できかね|致しかね|いたしかね)",
    ),
    "Korean": (r"(?:도와|도움|답변|제공|알려)", r"[^.,\n]{0,10}", r"수(?:는|가)? ?없"),
    "Arabic": (r"لا (?:أستطيع|يمكنني|أقدر)", _REST + r"{0,25}", r"(?:مساعد|تقديم|الإجابة|أجيب|أقدم)"),
}
"""Language -> "I cannot", what may come between, and "help". Every gap is bounded, so that no text takes long."""

_OTHERS = (
    r"\bI(?: must| have to|'ll have to| will have to)?(?: \w+ly)? (?:decline|refuse)\b",
    r"\bI(?:'d| would) rather not\b",
    r"\bnot something I(?: can|'m able to| am able to)\b",
    r"\bagainst my (?:guidelines|policies|policy|programming|principles)\b",
    r"\bich bin (?:leider )?nicht in der Lage\b",
    r"\bje (?:dois|préfère) (?:refuser|décliner)\b",
)


@lru_cache(maxsize=1)
def patterns() -> tuple[re.Pattern[str], ...]:
    """All of them, compiled."""
    texts = [*("".join(parts) for parts in _INABILITY.values()), *_OTHERS]
    return tuple(re.compile(text, re.IGNORECASE) for text in texts)
