"""National ids: valid numbers made with python-stdnum are found, wrong ones and those that nothing explains are not."""

from __future__ import annotations

import importlib
import random
import socket
import subprocess
import sys
import time

import pytest

from pytest_ftgate.data.checks.pii import pii
from pytest_ftgate.data.pii import national
from pytest_ftgate.data.pii.national import national_ids
from pytest_ftgate.data.pii.personal import personal_data

EVIDENT = [
    ("X1234567L", "ES_NIE"),
    ("131052-308T", "FI_PERSONAL_IDENTITY_CODE"),
    ("RSSMRA85T10A562S", "IT_FISCAL_CODE"),
    ("AB123456C", "UK_NINO"),
    ("AB 12 34 56 C", "UK_NINO"),
    ("536-22-8726", "US_SSN"),
    ("ABCPE1234F", "IN_PAN"),
]
EXPLAINED = [
    ("DNI", "12345678Z", "ES_NIF"),
    ("NHS", "9434765919", "UK_NHS"),
    ("PESEL", "44051401359", "PL_PESEL"),
    ("Aadhaar", "3123 4567 8909", "IN_AADHAAR"),
    ("tfn", "876 543 210", "AU_TFN"),
    ("medicare", "2123 45670 1", "AU_MEDICARE"),
    ("social insurance number", "130-692-544", "CA_SIN"),
    ("IdNr", "86095742719", "DE_TAX_ID"),
    ("Rentenversicherungsnummer", "15070649C103", "DE_SOCIAL_SECURITY"),
    ("personnummer", "811228-9874", "SE_PERSONNUMMER"),
    ("RRN", "960121-1234567", "KR_RRN"),
    ("kimlik no", "10000000146", "TR_NATIONAL_ID"),
    ("TNIN", "1101700230708", "TH_TNIN"),
    ("id number", "8001015009087", "ZA_ID_NUMBER"),
    ("NRIC", "S1234567D", "SG_NRIC_FIN"),
    ("ITIN", "912-70-1234", "US_ITIN"),
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whatever would look something up fails."""

    def refuse(*args, **kwargs):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(("number", "kind"), EVIDENT)
def test_ids_of_their_own_shape_are_found(number, kind):
    assert personal_data(f"it is {number}, yes") == (kind,)


@pytest.mark.parametrize(("word", "number", "kind"), EXPLAINED)
def test_mere_digits_are_found_beside_their_name_and_only_there(word, number, kind):
    assert [span.kind for span in national_ids(f"my {word} is {number}.")] == [kind]
    assert list(national_ids(f"the parcel is {number}.")) == [] or kind == "US_ITIN"


@pytest.mark.parametrize(
    "text",
    [
        "DNI 12345678A", "X1234567K", "131052-308U", "RSSMRA85T10A562T", "000-22-8726", "PESEL 44051401358",
        "Aadhaar 3123 4567 8908", "kimlik no 10000000147", "on 2024-01-02 12:30:45", "flight BA123456", "total 1234567 km", "pay 80122300p",
    ],
)  # fmt: skip
def test_what_breaks_the_check_sum_is_none(text):
    assert personal_data(text) == ()


@pytest.mark.parametrize(("module", "word", "digits"), [("pl.pesel", "PESEL", 11), ("in_.aadhaar", "Aadhaar", 12)])
def test_of_random_numbers_just_the_valid_ones_are_found(module, word, digits):
    """python-stdnum says which are valid."""
    valid, draw = importlib.import_module(f"stdnum.{module}").is_valid, random.Random(7)
    numbers = [f"{draw.randrange(2 * 10 ** (digits - 1), 10**digits)}" for _ in range(400)]
    if module == "pl.pesel":
        numbers = [
            f"{draw.randrange(40, 99)}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}{n[:5]}" for n in numbers
        ]
    wanted = {number for number in numbers if valid(number)}
    assert {number for number in numbers if any(national_ids(f"{word}: {number}"))} == wanted
    assert len(wanted) > 10


@pytest.mark.parametrize("char", ["1 ", "1.", "+1", "a1", "AB12", "1-"])
def test_no_text_takes_long(char):
    list(national_ids("536-22-8726"))
    begin = time.process_time()
    list(national_ids(char * 50_000))
    assert time.process_time() - begin < 5


def test_presidio_is_imported_only_for_what_may_be_an_id():
    code = """if True:
        import sys
        from pytest_ftgate.data.pii.personal import personal_data
        for text in ("call 08704050406 on 2024-01-02", "responsibilities ABCDEF", "a@b.org 4111111111111111", "NHS"):
            personal_data(text)
        assert not {"presidio_analyzer", "spacy", "torch"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_presidio_the_check_says_what_it_did_not_look_for(monkeypatch):
    assert pii().note == ""
    monkeypatch.setattr(national, "find_spec", lambda name: None)
    assert pii().note == "national ids not checked: pip install 'pytest-ftgate[data]'"
    assert personal_data("536-22-8726") == ()
