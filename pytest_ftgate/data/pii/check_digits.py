"""A national id without separators -> whether its check digit fits, for those that python-stdnum does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import cycle
from types import MappingProxyType


def _weighted(digits: Iterable[int], weights: Iterable[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _au_medicare(number: str) -> bool:
    """The ninth digit: the first eight by 1, 3, 7, 9, modulo 10."""
    return _weighted(map(int, number[:8]), cycle((1, 3, 7, 9))) % 10 == int(number[8])


def _cn_ric(number: str) -> bool:
    """Date of birth and ISO 7064 check digit; python-stdnum's own test fails on counties that it does not know."""
    from stdnum.cn import ric
    from stdnum.exceptions import ValidationError

    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return bool(ric.calc_check_digit(number) == number[-1])


def _de_id_card(number: str) -> bool:
    """ICAO 9303: weights 7, 3, 1, letters from A = 10. T and eight digits is the older form, which has none."""
    return (number[0] == "T" and number[1:].isdigit()) or _weighted(
        (int(char, 36) for char in number[:8]), cycle((7, 3, 1))
    ) % 10 == int(number[8])


def _de_social_security(number: str) -> bool:
    """Day and month of birth; the letter as two digits, each weighted, the digits of the products added, modulo 10."""
    digits = f"{number[:8]}{ord(number[8]) - ord('A') + 1:02}{number[9:11]}"
    weighted = (int(digit) * weight for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    day, month = int(number[2:4]), int(number[4:6])
    born = 1 <= month <= 12 and (1 <= day <= 31 or 51 <= day <= 81)
    return born and sum(product // 10 + product % 10 for product in weighted) % 10 == int(number[11])


def _kr_rrn(number: str) -> bool:
    """Month and day of birth; numbers given since October 2020 have no check digit."""
    return 1 <= int(number[2:4]) <= 12 and 1 <= int(number[4:6]) <= 31


def _ng_nin(number: str) -> bool:
    """Verhoeff's check digit."""
    from stdnum import verhoeff

    return bool(verhoeff.is_valid(number))


def _sg_nric(number: str) -> bool:
    """Weights 2, 7, 6, 5, 4, 3, 2; the remainder modulo 11 says which letter ends it."""
    ends = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RQPNMLKXWUT", "M": "KLJNPQRTUWX"}
    letter = number[0]
    shift = 3 if letter == "M" else 0
    remainder = (_weighted(map(int, number[1:8]), (2, 7, 6, 5, 4, 3, 2)) + shift) % 11
    place = 10 - remainder if letter == "M" else remainder
    return ends[letter][place] == number[8]


OWN: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "au_medicare": _au_medicare,
        "cn_ric": _cn_ric,
        "de_id_card": _de_id_card,
        "de_social_security": _de_social_security,
        "kr_rrn": _kr_rrn,
        "ng_nin": _ng_nin,
        "sg_nric": _sg_nric,
    }
)
