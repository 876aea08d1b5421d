"""Patterns of personal data and of credentials: what they find, and what they leave alone."""

from __future__ import annotations

import base64
import hashlib
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.pii.accounts import is_iban
from pytest_ftgate.data.pii.cards import luhn
from pytest_ftgate.data.pii.credentials import credentials
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.pii.placeholders import redacted_text
from pytest_ftgate.data.pii.random_tokens import entropy


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to a.b+c@ex-ample.co.uk.", ("e-mail",)),
        ("card 4539 1488 0343 6467, exp 12/30", ("card",)),
        ("374245455400126", ("card",)),
        ("5425-2334-3010-9903", ("card",)),
        ("IBAN GB29 NWBK 6016 1331 9268 19 PLEASE", ("IBAN",)),
        ("DE89370400440532013000", ("IBAN",)),
        ("BE68 5390 0754 7034 THIS ONE", ("IBAN",)),
        ("ping 84.23.16.7.", ("IP address",)),
        ("at 2001:4860:4860::8888", ("IP address",)),
        ("+44 (0)20 7123 4958", ("phone",)),
        ("+1 (212) 555-7319", ("phone",)),
        ("(212) 555-7319", ("phone",)),
        ("212-555-7319", ("phone",)),
        ("call 08704050406 now", ("phone",)),
        ("0049 30 1234567", ("phone",)),
        ("ann@birch.org or +49 30 1234567", ("e-mail", "phone")),
    ],
)
def test_personal_data_are_found(text, kinds):
    assert personal_data(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a @ b.org, user@localhost",
        "4539 1488 0343 6468",
        "1234567812345670 is no card: none begins with 1",
        "4444444444444444",
        "GB29 NWBK 6016 1331 9268 18",
        "DE8937040044053201300",
        "127.0.0.1, 192.168.1.1, 10.0.0.8, 0.0.0.0, 192.0.2.1",
        "version 1.2.3.4.5 and 999.1.1.1",
        "::1, fe80::1, 2001:db8::1",
        "12:30:45 std::vector abc::def",
        "01/02/2024, 2024-01-02, 3.14159265358979",
        "order 123456789012 of 1,000,000",
        "0012345678901234567890",
        "1 + 1 = 2",
        "a+b=+123456789",
        "tel aviv 12345678",
        "phone: see page 12345678",
        "12.34.56.78 Euro",
    ],
)
def test_other_text_is_left_alone(text):
    assert personal_data(text) == ()


@given(st.integers(10**12, 10**15 - 1))
def test_exactly_one_check_digit_fits_a_card(number):
    assert sum(luhn(f"{number}{digit}") for digit in range(10)) == 1


@given(st.integers(0, 10**18 - 1))
def test_exactly_one_pair_of_check_digits_fits_an_account(number):
    fitting = [check for check in range(2, 99) if is_iban(f"DE{check:02}{number:018}")]
    assert len(fitting) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("id = AKIA" + "Q7ZX" * 4, "AWS key"),
        ("ghp_" + "aB3x" * 9, "GitHub token"),
        ("glpat-" + "aB3x" * 5, "GitLab token"),
        ("xoxb-" + "1234567890-abc", "Slack token"),
        ("sk_live_" + "aB3x" * 5, "Stripe key"),
        ("AIza" + "aB3x_" * 7, "Google key"),
        ("hf_" + "aBcX" * 8, "Hugging Face token"),
        ("sk-" + "aB3x" * 8, "API key (sk-)"),
        ("sk-proj-" + "aB3x" * 8, "OpenAI key"),
        ("sk-ant-api03-" + "aB3x" * 8, "Anthropic key"),
        ("AWS_SECRET_ACCESS_KEY=" + "aB3/" * 10, "AWS secret"),
        ("https://hooks.slack.com/services/" + "T0AB12CD3/B0AB12CD3/" + "aB3x" * 6, "Slack webhook"),
        ("npm_" + "aB3x" * 9, "npm token"),
        ("pypi-AgE" + "aB3x" * 15, "PyPI token"),
        ("SG." + "aB3x" * 5 + "." + "aB3x" * 9, "SendGrid key"),
        ("eyJ" + "hbGciOiabc." + "eyJ" + "zdWIiOiIabc." + "SflKxwRJ", "JSON web token"),
        ("postgres://me:" + "pass1@db/x", "password in a URL"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "private key"),
        ("123456789:" + "aB3x-" * 7, "Telegram token"),
        ("https://discord.com/api/webhooks/" + "1" * 18 + "/" + "aB3x" * 17, "Discord webhook"),
        ("Authorization: Basic " + "bWU6cGFzczE=", "password in a header"),
        ("?key=" + "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74Og", "random token"),
        ("https://shop.de/get?key=" + "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74Og", "random token"),
    ],
)
def test_credentials_are_found(text, kind):
    assert credentials(f"use {text} here") == (kind,)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("password=k3Jq9xWm2Zt7", "password or key"),
        ("Passwort: k3Jq9xWm2Zt7.", "password or key"),
        ("密码：k3Jq9xWm2Zt7", "password or key"),
        ('{"db_password": "Rain!Cloud77"}', "password or key"),
        ("api_key: 9f86d081884c7d659a2feaa0c55ad015", "password or key"),
        ("API-Key = Zk3Jq9xWm2Zt7b8Q", "password or key"),
    ],
)
def test_the_value_of_a_password_or_key_is_found_and_cut(text, kind):
    assert credentials(text) == (kind,)
    assert "<SECRET>" in redacted_text(text)
    assert credentials(redacted_text(text)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "password=password123, password: hunter, Passwort: siehe2024, password = os.environ",
        "password: P@ssw0rd1, password=changeme99!, pwd=${TOKEN}, password: get_password(user1)",
        "token: gpt4o-2024, max_tokens=4096, token = getToken1, secret: Geheimnis",
        "api_key: your_api_key_A1b2, key: 123e4567-e89b-12d3-a456-426614174000",
        "primary key: customer_orders_2024_q3, monkey=aB3aB3aB3aB3aB3aB3",
    ],
)
def test_other_values_after_such_words_are_left_alone(text):
    assert credentials(text) == ()


@pytest.mark.parametrize("kind", ["sha256", "sha384", "sha512"])
def test_a_digest_of_a_file_in_base64_is_no_key(kind):
    digests = (getattr(hashlib, kind)(str(seed).encode()).digest() for seed in range(300))
    texts = [f"{kind}-{base64.b64encode(digest).decode()}" for digest in digests]
    assert [text for text in texts if credentials(text) or credentials(f'integrity="{text}"')] == []


def test_tokens_drawn_at_random_are_found():
    draw = random.Random(1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    tokens = ["".join(draw.choices(alphabet, k=40)) for _ in range(200)]
    assert sum(credentials(f"token: {token}") == ("random token",) for token in tokens) >= 190
    tokens = ["".join(draw.choices(alphabet + "-_", k=40)) for _ in range(200)]
    assert sum(credentials(f"令牌是「{token}」") == ("random token",) for token in tokens) >= 180


@pytest.mark.parametrize(
    "text",
    [
        "d41d8cd98f00b204e9800998ecf8427e",
        "123e4567-e89b-12d3-a456-426614174000",
        "getHttpResponseStatusCodeForRequest200",
        "sk-learn-is-a-very-long-name-of-things",
        "http://host:8000/a@b",
        "================================================",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "somemoremobsEMSPOBox45PO139WA",
        "AKIA is the prefix of a key",
        "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_" + "x" * 36 + ", hf_" + "X" * 34 + ", sk-ant-" + "x" * 30,
        "postgres://user:password@db/x, https://me:${TOKEN}@host/, mysql://root:<password>@db",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAACXBIWXMAAAsT",
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
        "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDw4o6gJy8UtmIbkcpnkO3Kwc4qsEnSZp4TR me@host",
        "https://pictures.example.org/a/b7/Old_Stone_Bridge%2C_Northern_Valley_2019.jpg/1200px-Old_Stone_Bridge_2019.jpg",
        "https://shop.de/50/map_50m_rivers_and_lakes.shp/MAP_50M_Rivers_And_Lakes_Lines.zip and MAP_50M_Rivers_And_Lakes3_Lines",
        "https://docs.shop.de/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit#gid=0",
        "img/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms.jpg",
        'integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6R9GqQ8KuxyrxHNQlGYl1kPzQho1wx4JwY8wCGhY1"',
        "golang.org/x/text v0.3.0 h1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg=",
        "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
        "VGhpcyBpcyBhIHNlbnRlbmNlIHRoYXQgaXMgZW5jb2RlZCBpbiBiYXNlNjQgYW5kIGhhcyA0NSB3b3Jkcw==",
        "claude-sonnet-4-5-20250929-v1-long-Name-Of-A-Model-32B-Instruct",
    ],
)
def test_ordinary_tokens_are_left_alone(text):
    assert credentials(text) == ()


def test_entropy_is_in_bits_a_character():
    assert entropy("") == entropy("aaaa") == 0
    assert entropy("abcd" * 3) == pytest.approx(2)


@pytest.mark.parametrize(
    "char",
    [
        "1",
        "a",
        "aB3",
        "1 ",
        "a@",
        ":",
        "1.",
        "+1",
        "sk-",
        "://a:",
        "add 1 and ",
        "tel 1",
        "(0",
        "é@",
        "а.б@",
        "4539 ",
        "２",
        "\\n",
        "http://a.de/4539148803436467 ",
        "http://a.de/x?k=aB3xQ9zL0pW7rT5yU2iO8aS6dF4gH1jK3 ",
        "ann@birch.org ",
        "data:a;base64,",
        "iVBORw0KGgo\n",
        "-----BEGIN CERTIFICATE-----",
        "4539148803436467 ",
        "nhs 943 476 5919 ",
    ],
)
def test_no_text_takes_long(char):
    """A pattern that tries again and again would take minutes here."""
    text = char * (300_000 // len(char))
    begin = time.process_time()
    personal_data(text)
    credentials(text)
    assert time.process_time() - begin < 20
