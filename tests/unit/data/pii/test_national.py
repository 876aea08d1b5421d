"""National ids: valid numbers made with python-stdnum are found, wrong ones and those that nothing explains are not."""

from __future__ import annotations

import importlib
import random
import re
import socket
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.checks.pii import pii
from pytest_ftgate.data.pii import national
from pytest_ftgate.data.pii.check_digits import OWN
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


def test_no_language_model_is_imported_and_python_stdnum_only_for_what_may_be_an_id():
    code = """if True:
        import sys
        from pytest_ftgate.data.pii.personal import personal_data
        for text in ("call 08704050406 on 2024-01-02", "responsibilities ABCDEF", "a@b.org 4111111111111111", "NHS"):
            personal_data(text)
        assert "stdnum" not in sys.modules
        assert personal_data("PESEL 44051401359, 536-22-8726") == ("US_SSN", "PL_PESEL")
        assert not {"presidio_analyzer", "spacy", "transformers", "torch", "numpy"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_no_digits_make_it_fail(data):
    wanted = data.draw(st.sampled_from(national._IDS))
    number = data.draw(st.from_regex(re.compile(wanted.shape, re.A), fullmatch=True))
    word = {"": "", "ת": "תעודת זהות"}.get(wanted.words[:1], wanted.words.split("|")[0].split("(")[0])
    list(national_ids(f"{word} {number}"))


def test_an_id_of_a_county_that_is_not_in_the_list_is_one():
    assert personal_data("身份证110199194912310021") == () != personal_data("身份证11019919491231002X")


SHAPES = {
    "au_medicare": ("AuMedicare", r"[2-6]\d{9}"),
    "de_id_card": ("DeIdCard", r"[CFGHJKLMNPRVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}\d"),
    "de_social_security": ("DeSocialSecurity", r"\d\d(0[1-9]|[12]\d)(0[1-9]|1[0-2])\d\d[A-Z]\d{3}"),
    "ng_nin": ("NgNin", r"\d{11}"),
}


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_our_own_check_digits_are_those_of_presidio(name, data):
    recognizers = importlib.import_module("presidio_analyzer.predefined_recognizers")
    recognizer, shape = SHAPES[name]
    number = data.draw(st.from_regex(re.compile(shape, re.A), fullmatch=True))
    assert OWN[name](number) == bool(getattr(recognizers, f"{recognizer}Recognizer")().validate_result(number))


@pytest.mark.parametrize("number", ["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"])
def test_the_last_letter_of_a_number_of_singapore_is_the_only_one_that_fits(number):
    assert [last for last in "ABCDEFGHIJKLMNPQRTUWXZ" if OWN["sg_nric"](number[:8] + last)] == [number[8]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("身份证号11010519491231002X。", "CN_RIC"),
        ("CPF: 390.533.447-05", "BR_CPF"),
        ("cpf 39053344705", "BR_CPF"),
        ("NIR 2 55 08 14 168 025 38", "FR_NIR"),
        ("マイナンバーは621498320257です", "JP_MY_NUMBER"),
        ("ת.ז. 039337423", "IL_ID"),
        ("BOXW310820HNERXN09", "MX_CURP"),
        ("주민등록번호는 960121-1234567입니다", "KR_RRN"),
        ("आधार संख्या ३१२३ ४५६७ ८९०९ है", "IN_AADHAAR"),
        ("เลขประจำตัวประชาชน๑๑๐๑๗๐๐๒๓๐๗๐๘ครับ", "TH_TNIN"),
    ],
)
def test_ids_are_found_beside_letters_of_other_scripts_and_in_their_digits(text, kind):
    assert personal_data(text) == (kind,)


@pytest.mark.parametrize(
    "text", ["SSN 123-45-6789", "078-05-1120", "NI number QQ 12 34 56 C", "123.45.6789 - 536 22 8726"]
)
def test_placeholders_and_mere_groups_of_digits_are_no_ids(text):
    assert personal_data(text) == ()


def test_without_stdnum_the_check_says_what_it_did_not_look_for(monkeypatch):
    assert pii().note == ""
    monkeypatch.setattr(national, "find_spec", lambda name: None)
    assert pii().note == "national ids not checked: pip install 'pytest-ftgate[data]'"
    assert personal_data("536-22-8726") == ()
