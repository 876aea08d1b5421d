"""Personal data beside letters of every script, in its digits, and what only looks like them: found, and cut exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.pii.ascii_forms import in_ascii_forms
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.pii.placeholders import redacted_text

AROUND = {
    "Chinese": ("我的联系方式是", "，请尽快回复谢谢"),
    "Japanese": ("連絡先は", "です。よろしく"),
    "Thai": ("ติดต่อที่", "ได้เลยครับ"),
    "Khmer": ("សូមទាក់ទង", "ខ្ញុំ"),
    "Hindi": ("मेरा पता", "है"),
    "Arabic": ("اكتب إلى", "شكرا"),
    "Hebrew": ("כתוב אל", "תודה"),
    "Korean": ("연락처는", "입니다"),
    "Vietnamese": ("viết cho ", " nhé, cảm ơn"),
    "Turkish": ("yazın: ", " teşekkürler"),
    "Russian": ("пишите на ", ", спасибо"),
}
DATA = {
    "johndoe@firma-meier.de": "<EMAIL>",
    "4539 1488 0343 6467": "<CARD>",
    "4539148803436467": "<CARD>",
    "DE89370400440532013000": "<IBAN>",
    "84.23.16.7": "<IP_ADDRESS>",
    "+49 30 1234567": "<PHONE>",
    "(212) 555-7319": "<PHONE>",
    "010-2345-6789": "<PHONE>",
    "536-22-8726": "<US_SSN>",
    "ghp_" + "aB3x" * 9: "<SECRET>",
    "AKIA" + "Q7ZX" * 4: "<SECRET>",
}


@pytest.mark.parametrize("script", AROUND)
@pytest.mark.parametrize("written", DATA)
def test_only_what_is_personal_or_secret_is_cut(script, written):
    before, after = AROUND[script]
    assert redacted_text(f"{before}{written}{after}") == f"{before}{DATA[written]}{after}"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        (
            "我的邮箱是johndoe@firma-meier.de，请把文件发送到anna@web.de谢谢",
            "我的邮箱是<EMAIL>，请把文件发送到<EMAIL>谢谢",
        ),
        ("邮箱ａｎｎａ＠ｗｅｂ．ｄｅ谢谢", "邮箱<EMAIL>谢谢"),
        ("An müller.jörg@bäckerei-groß.de!", "An <EMAIL>!"),
        ("почтаivan.petrov@mail.ru или иван@почта.рф.", "почта<EMAIL> или <EMAIL>."),
        ("ที่anna@web.de", "ที่<EMAIL>"),
        ("meine anna@web.de-Adresse, 'anna@web.de', <anna@web.de>", "meine <EMAIL>-Adresse, '<EMAIL>', <<EMAIL>>"),
        ("اتصل على ‎+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧ الآن", "اتصل على ‎<PHONE> الآن"),
        ("هاتف: ۰۹۱۲ ۳۴۵ ۶۷۸۹", "هاتف: <PHONE>"),
        ("電話は０３－１２３４－５６７８です", "電話は<PHONE>です"),
        ("サーバー03-1234-5678まで", "サーバー<PHONE>まで"),
        ("手机13812345678，或138-1234-5678", "手机<PHONE>，或<PHONE>"),
        ("मेरा मोबाइल ९८७६५ ४३२१० है", "मेरा मोबाइल <PHONE> है"),
        ("โทร 02-123-4567 หรือ 081-234-5678ครับ", "โทร <PHONE> หรือ <PHONE>ครับ"),
        ("טלפון 054-1234567, 03-1234567", "טלפון <PHONE>, <PHONE>"),
        ("тел. 8 (912) 345-67-89", "тел. <PHONE>"),
        ("appelez le 06 12 34 56 78.", "appelez le <PHONE>."),
        ("ligue (11) 91234-5678", "ligue <PHONE>"),
        ("0532 123 45 67 numarası", "<PHONE> numarası"),
        ("gọi 0912 345 678 nhé", "gọi <PHONE> nhé"),
        ("1-212-555-7319 or 212 555 7319", "<PHONE> or <PHONE>"),
        ("卡号４５３９ １４８８ ０３４３ ６４６７有效", "卡号<CARD>有效"),
        ("card ٤٥٣٩١٤٨٨٠٣٤٣٦٤٦٧", "card <CARD>"),
        ("card 4539 1488 0343 6467 12/30 123", "card <CARD> 12/30 123"),
        ("3742 454554 00126", "<CARD>"),
        ("order 8123456 4539 1488 0343 6467", "order 8123456 <CARD>"),
    ],
)
def test_forms_of_many_countries_are_cut_exactly(text, without):
    assert redacted_text(text) == without


@given(st.text())
def test_ascii_forms_keep_the_length_and_folds_once(text):
    assert len(in_ascii_forms(text)) == len(text)
    assert in_ascii_forms(in_ascii_forms(text)) == in_ascii_forms(text)


@pytest.mark.parametrize(
    "text",
    [
        "Add 4111222233334 and 1888777766662.",
        "4111222233334 + 1888777766662 = 5999999999996",
        "490123456789 - 812 = 490123455977",
        "Add 4539148803436467 and 1.",
        "4539148803436467 + 1 = 4539148803436468",
        "12 * 4539148803436467",
        "x = 7 - 0301555777 = 8",
        "Subtract 812 from 4539148803436467.",
        "812 - 490 - 1234 = -912",
        "计算4539148803436467+1",
        "1 000 300 555 420, 5100 5200 5300 5400 5500, 4242 4242 4242 4242",
        "4111 1111 1111 1111 and 5555-5555-5555-4444, 378282246310005",
        "server.login('your_name@example.com', password)",
        "a@b.c, a@b.com, x@y.org, user@host, foo@bar.com, you@yourcompany.com, ann@shop.example.net, a.b@corp.test",
        "me@mail.invalid, root@box.localhost, git@github.com:me/it.git, no-reply@shop.de, username@gmail.com",
        "icon@2x.png, react@18.2.0.tgz",
        "我的邮箱是test@test.com，电话212-555-0143",
        "+1 (212) 555-0199, 020 7946 0958, +44 20 7946 0958, 07700 900123, 01632 960123, 800-555-0100",
        "192.0.2.1, 198.51.100.7, 203.0.113.9, 2001:db8::1, 10.1.2.3, 8.8.8.8, 1.1.1.1",
        "version 10.0.190.41, v6.1.76.175, Section 3.2.1.4",
        "2024-01-02 12:30:45, 01/02/2024, 20240102030405, 1699999999999, 2024年01月02日",
        "ISBN 978-0-306-40615-7, ISBN 0306406152, ISBN-13: 978 0306406157",
        "123e4567-e89b-12d3-a456-426614174000 da39a3ee5e6b4b0d3255bfef95601890afd80709 #ff0000",
        "https://x.com/me/status/4539148803436467 https://x.com/?id=0301555777",
        "3.14159265358979, 0.4539148803436467, 4539148803436467.25",
        "gallon 0.0123456789, 1,234,567,890, $0.99",
        "std::vector<a::b> at 12:30:45",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text):
    assert personal_data(text) == ()
    assert redacted_text(text) == text
