"""Checks of training data in ten scripts: short and free answers, labels, lengths and languages are told as in English."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pytest_ftgate.data.checks.contradictions import Contradictions
from pytest_ftgate.data.checks.duplicates import Duplicates
from pytest_ftgate.data.checks.language_of import guesses
from pytest_ftgate.data.checks.languages import Languages
from pytest_ftgate.data.checks.lengths import Lengths
from pytest_ftgate.data.checks.run import inspect
from pytest_ftgate.data.checks.short import Short
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.row import DataRow


class Texts(NamedTuple):
    """asked: a short question. answers: two free ones of a sentence or more. labels: two of a word. cut: the first words."""

    asked: str
    answers: tuple[str, str]
    labels: tuple[str, str]
    cut: str


SCRIPTS = {
    "en": Texts(
        "When does the bakery open?",
        (
            "The bakery opens at seven in the morning, but the first bread is sold at half past six at the back door to "
            "whoever rings the bell there.",
            "On working days it opens at seven, on Sundays at eight, and in August it stays closed because the baker and "
            "his family are at the sea.",
        ),
        ("yes", "no"),
        "The bakery",
    ),
    "zh": Texts(
        "面包店几点开门？",
        (
            "面包店早上七点开门，不过六点半的时候，只要在后门按一下门铃，就可以买到当天烤好的第一批面包了。",
            "平日七点开门，星期天八点开门，到了八月份就不营业了，因为面包师傅要带着全家人一起去海边度假。",
        ),
        ("垃圾", "正常"),
        "面包店",
    ),
    "ja": Texts(
        "パン屋は何時に開きますか。",
        (
            "パン屋は朝の七時に開きますが、六時半に裏口のベルを鳴らせば、その日に焼き上がった最初のパンを買うことができます。",
            "平日は七時、日曜日は八時に開きますが、八月の間はパン屋さんが家族と一緒に海へ出かけるので、ずっと閉まっています。",
        ),
        ("はい", "いいえ"),
        "パン屋は",
    ),
    "th": Texts(
        "ร้านขนมปังเปิดกี่โมง",
        (
            "ร้านขนมปังเปิดตอนเจ็ดโมงเช้า แต่ถ้ากดกริ่งที่ประตูหลังตอนหกโมงครึ่งก็ซื้อขนมปังชุดแรกของวันได้เลย",
            "วันธรรมดาเปิดเจ็ดโมง วันอาทิตย์เปิดแปดโมง ส่วนเดือนสิงหาคมร้านปิดเพราะเจ้าของพาครอบครัวไปเที่ยวทะเล",
        ),
        ("ใช่", "ไม่ใช่"),
        "ร้านขนม",
    ),
    "km": Texts(
        "ហាងនំប៉័ងបើកម៉ោងប៉ុន្មាន?",
        (
            "ហាងនំប៉័ងបើកនៅម៉ោងប្រាំពីរព្រឹក ប៉ុន្តែបើអ្នកចុចកណ្ដឹងនៅទ្វារក្រោយ អ្នកអាចទិញនំប៉័ងដំបូងបាននៅម៉ោងប្រាំមួយកន្លះ ហើយនំនៅក្តៅៗ។",
            "ថ្ងៃធម្មតាបើកម៉ោងប្រាំពីរ ថ្ងៃអាទិត្យបើកម៉ោងប្រាំបី ហើយនៅខែសីហាហាងបិទ ព្រោះម្ចាស់ហាងទៅលេងសមុទ្រជាមួយគ្រួសារ ពេញមួយខែដូចរាល់ឆ្នាំ។",
        ),
        ("បាទ", "ទេ"),
        "ហាងនំ",
    ),
    "hi": Texts(
        "बेकरी कितने बजे खुलती है?",
        (
            "बेकरी सुबह सात बजे खुलती है, लेकिन साढ़े छह बजे पीछे के दरवाज़े पर घंटी बजाने वाले को पहली रोटी पहले ही मिल जाती है।",
            "काम के दिनों में सात बजे और रविवार को आठ बजे खुलती है, और अगस्त में बंद रहती है क्योंकि मालिक परिवार के साथ समुद्र पर जाता है।",
        ),
        ("हाँ", "नहीं"),
        "बेकरी सुबह",
    ),
    "ar": Texts(
        "متى يفتح المخبز؟",
        (
            "يفتح المخبز أبوابه في الساعة السابعة صباحا لكن من يدق الجرس عند الباب الخلفي في السادسة والنصف يستطيع أن يشتري أول خبز في اليوم كله.",
            "في أيام العمل يفتح في السابعة وفي يوم الأحد يفتح في الثامنة أما في شهر أغسطس فيبقى مغلقا لأن الخباز يسافر مع أسرته إلى البحر.",
        ),
        ("نعم", "لا"),
        "يفتح المخبز",
    ),
    "he": Texts(
        "מתי נפתחת המאפייה?",
        (
            "המאפייה נפתחת בשבע בבוקר, אבל מי שמצלצל בפעמון של הדלת האחורית בשש וחצי יכול לקנות כבר אז את הלחם הראשון של אותו היום.",
            "בימי חול היא נפתחת בשבע וביום ראשון בשמונה, ובחודש אוגוסט היא נשארת סגורה כל הזמן כי האופה נוסע אל הים עם כל המשפחה שלו.",
        ),
        ("כן", "לא"),
        "המאפייה נפתחת",
    ),
    "ko": Texts(
        "빵집은 몇 시에 문을 여나요?",
        (
            "빵집은 아침 일곱 시에 문을 열지만 여섯 시 반에 뒷문에서 초인종을 누르면 그날 처음 구운 빵을 남들보다 먼저 살 수 있고 값도 조금 더 쌉니다.",
            "평일에는 일곱 시에 열고 일요일에는 여덟 시에 열며 팔월에는 제빵사가 온 가족과 함께 먼 바다로 휴가를 가기 때문에 한 달 내내 문을 닫아 둡니다.",
        ),
        ("스팸", "정상"),
        "빵집은 아침",
    ),
    "vi": Texts(
        "Tiệm bánh mở cửa lúc mấy giờ?",
        (
            "Tiệm bánh mở cửa lúc bảy giờ sáng, nhưng ai bấm chuông ở cửa sau lúc sáu giờ rưỡi thì mua được mẻ bánh đầu tiên.",
            "Ngày thường tiệm mở lúc bảy giờ, chủ nhật mở lúc tám giờ, còn tháng tám thì nghỉ vì ông chủ đưa cả nhà ra biển.",
        ),
        ("có", "không"),
        "Tiệm bánh",
    ),
    "tr": Texts(
        "Fırın saat kaçta açılıyor?",
        (
            "Fırın sabah yedide açılıyor, ama altı buçukta arka kapının zilini çalan herkes o gün pişen ilk ekmeği daha kapılar "
            "açılmadan oradan satın alabiliyor ve sıcak sıcak evine götürüyor.",
            "Hafta içi yedide, pazar günleri ise sekizde açılıyor; ağustos ayında kapalı kalıyor, çünkü fırıncı her yaz bütün "
            "ailesiyle birlikte bir ay boyunca deniz kıyısına gidiyor.",
        ),
        ("evet", "hayır"),
        "Fırın sabah",
    ),
}
EACH = pytest.mark.parametrize("texts", SCRIPTS.values(), ids=SCRIPTS)


def row(asked: str, answer: str, line: int = 1) -> DataRow:
    return DataRow("t.jsonl", line, ({"role": "user", "content": asked},), answer)


def found(check: object, rows: list[DataRow]) -> list[str]:
    return [str(each) for each in inspect(rows, [check]).outcomes[1].first]


@EACH
def test_answers_of_a_sentence_are_not_short_and_a_cut_one_is(texts):
    long = [row(texts.asked, answer, line) for line, answer in enumerate(texts.answers * 5, 1)]
    assert found(Short(), long) == []
    [cut] = found(Short(), [*long, row(texts.asked, texts.cut, 11)])
    assert cut.startswith("t.jsonl:11 (")


@EACH
def test_two_free_answers_do_not_contradict_each_other_and_two_labels_do(texts):
    assert found(Contradictions(), [row(texts.asked, answer) for answer in texts.answers]) == []
    assert len(found(Contradictions(), [row(texts.asked, label) for label in texts.labels])) == 1


@EACH
def test_lengths_of_one_text_in_ten_languages_are_alike(texts):
    check = Lengths()
    check.see(row(texts.asked, texts.answers[0]))
    asked, answer = (
        int(part.split()[0]) for part in check.note.replace("words per prompt ", "").split("; per answer ")
    )
    assert 3 <= asked <= 8
    assert 20 <= answer <= 30


# --- languages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", SCRIPTS)
def test_short_questions_are_told_with_the_languages_of_the_others(language):
    texts = SCRIPTS[language]
    check = Languages()
    rows = [row(asked, "ok", line) for line, asked in enumerate((texts.asked, *texts.answers) * 4, 1)]
    outcome = inspect(rows, [check]).outcomes[1]
    assert (outcome.level, outcome.note) == ("ok", f"{language} 100.0%")


def test_short_chinese_among_short_english():
    english = [row(f"Explain tides to a child, part {n}.", "ok", n) for n in range(40)]
    english += [row(f"Describe walk number {n}.", "ok", n + 40) for n in range(40)]
    chinese = [row(f"请介绍一下第{n}条河。", "ok", n + 80) for n in range(20)]
    assert inspect([*english, *chinese], [Languages()]).outcomes[1].note == "en 80.0%, zh 20.0%"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("你好", "zh"),
        ("東京はどこ", "ja"),
        ("カメラ", "ja"),
        ("如何用 Python 读取文件", "zh"),
        ("네", "ko"),
        ("ใช่", "th"),
        ("ແມ່ນ", "lo"),
        ("បាទ", "km"),
        ("ဟုတ်", "my"),
        ("כן", "he"),
        ("ναι", "el"),
        ("այո", "hy"),
        ("კი", "ka"),
        ("ஆம்", "ta"),
        ("అవును", "te"),
        ("ಹೌದು", "kn"),
        ("അതെ", "ml"),
        ("હા", "gu"),
        ("ਹਾਂ", "pa"),
        ("ହଁ", "or"),
        ("ඔව්", "si"),
    ],
)
def test_a_script_of_one_language_tells_it_from_a_word(text, language):
    assert guesses(text) == ((language, 1.0),)


def test_a_foreign_word_does_not_make_a_question_foreign():
    assert guesses("How do I pronounce the two characters 你好 in this sentence?")[0][0] == "en"
    assert guesses("4 + 5 = ٩?") == guesses("👍") == ()


def test_a_rare_language_stays_odd_among_many_short_rows():
    rows = [row(f"Describe walk number {n}.", "ok", n) for n in range(300)]
    odd = [
        row("빵집은 몇 시에 문을 여나요?", "ok", 301),
        row("Wann macht die Bäckerei am Sonntagmorgen wieder auf?", "ok", 302),
    ]
    assert found(Languages(), [*rows, *odd]) == ["t.jsonl:301 (ko)", "t.jsonl:302 (de)"]


def test_what_even_the_file_does_not_tell_is_undetected():
    rows = [row(f"Describe walk number {n}.", "ok", n) for n in range(30)]
    outcome = inspect([*rows, *(row(text, "ok") for text in ("ok", "hm", "lol u"))], [Languages()]).outcomes[1]
    assert outcome.note == "en 100.0%; 3 rows undetected"


# --- what is the same row, and what another one ----------------------------------------------------------------------

SAME = {
    "Arabic vowel signs": ("كيف يُكتَبُ هٰذا الرقم؟", "كيف يكتب هذا الرقم؟"),
    "Hebrew points": ("מָה הַשָּׁעָה?", "מה השעה?"),
    "Arabic digits": ("كم يساوي ٣ + ٤؟", "كم يساوي 3 + 4؟"),
    "Hindi digits": ("१२ का आधा?", "12 का आधा?"),
    "Turkish capitals": ("İZMİR NEREDE?", "izmir nerede?"),
    "full width": ("ＡＢＣ１２３は何？", "abc123は何?"),
    "decomposed": ("Gia\u0301 bao nhie\u0302u?", "Giá bao nhiêu?"),
}
OTHER = {
    "Hindi vowel signs": ("दिन का अर्थ?", "दीन का अर्थ?"),
    "Vietnamese tones": ("Ma là gì?", "Má là gì?"),
    "Thai tones": ("ปา คืออะไร", "ป้า คืออะไร"),
    "Turkish letters": ("sınır ne demek?", "sinir ne demek?"),
    "powers": ("5² = ?", "52 = ?"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_one_question_however_it_is_written(one, other):
    assert len(found(Duplicates(), [row(one, "a"), row(other, "a", 2)])) == 1
    assert len(found(Contradictions(), [row(one, "a"), row(other, "b", 2)])) == 1


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_another_question_by_one_sign(one, other):
    assert found(Duplicates(), [row(one, "a"), row(other, "a", 2)]) == []
    assert found(Contradictions(), [row(one, "a"), row(other, "b", 2)]) == []


@EACH
def test_labels_of_every_script_are_classes(texts):
    labels = LabelSet()
    for number in range(40):
        labels.label(row(texts.asked, texts.labels[number % 2]))
    assert (labels.is_closed, len(labels.counts)) == (True, 2)
    for answer in texts.answers * 10:
        labels.label(row(texts.asked, answer))
    assert not labels.is_closed
