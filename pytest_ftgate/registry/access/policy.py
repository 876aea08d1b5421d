"""Tag of a task, and lines of the audit log -> who may move its champion: one chain of lists, each signed.

The first list is signed by one of its own promoters, each later one by a promoter of the list before. The tag holds
the whole chain, and the log those that were written here, so that neither can be shortened alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.registry.access.promoter_key import PromoterKey, Signed, fits, shown
from pytest_ftgate.registry.access.statement import Statement
from pytest_ftgate.registry.audit import Entry
from pytest_ftgate.registry.champion_mark import AFTER
from pytest_ftgate.registry.version import Version

TAG = "ftgate.promoters"
"""Of the registered model."""
KIND = "promoters"
"""Of the line in the audit log."""
SIGNED = "signed"
"""In the facts of a line, and in a version's record of its promotion."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One list. keys: fingerprint -> public key. champion: who was it when the list was made, as "v2@<digest>".

    signed: by a promoter; its `after` is the digest of the list before, "" of the first.
    """

    task: str
    keys: Mapping[str, str]
    champion: str
    reason: str
    signed: Signed

    @property
    def digest(self) -> str:
        """What the next list follows."""
        return digest_of(self.to_json())

    @property
    def statement(self) -> Statement:
        """What was signed."""
        return _statement(self.task, self.keys, self.champion, self.reason, self.signed.after)

    def to_json(self) -> dict[str, object]:
        """As it stands in the tag and in the log."""
        return {"keys": dict(self.keys), "champion": self.champion, "reason": self.reason, SIGNED: asdict(self.signed)}

    def allows(self, statement: Statement, signed: Signed | None) -> bool:
        """Whether one of these promoters has signed the statement."""
        return signed is not None and fits(signed, statement, self.keys)


Chain = tuple[Policy, ...]
"""All lists of a task, the one in force last; empty: everybody may."""


def next_policy(  # noqa: PLR0913, PLR0917
    task: str, chain: Chain, keys: Mapping[str, str], champion: str, reason: str, by: PromoterKey
) -> Policy:
    """The list that follows a chain, signed."""
    after = chain[-1].digest if chain else ""
    return Policy(task, dict(keys), champion, reason, by.sign(_statement(task, keys, champion, reason, after)))


def read_policy(task: str, data: Mapping[str, object]) -> Policy:
    """A list as it stands in tag or log. Raises ValueError for what is none."""
    try:
        keys, champion, reason, signed = (data[name] for name in ("keys", "champion", "reason", SIGNED))
    except (KeyError, TypeError):
        raise ValueError("not a list of promoters") from None
    found = _signed(signed)
    if found is None or not (isinstance(keys, dict) and all(isinstance(key, str) for key in keys.values())):
        raise ValueError("not a list of promoters")
    return Policy(task, keys, str(champion), str(reason), found)


def signature_in(record: Mapping[str, object]) -> Signed | None:
    """The signature in a record of a move; None if it has none."""
    return _signed(record.get(SIGNED))


def _signed(data: object) -> Signed | None:
    names = {field.name for field in fields(Signed)}
    if not isinstance(data, dict) or data.keys() != names or not all(isinstance(text, str) for text in data.values()):
        return None
    return Signed(**data)


def to_tag(chain: Chain) -> str:
    """The text of the tag."""
    return json.dumps([policy.to_json() for policy in chain], ensure_ascii=False)


def read_chain(tags: Mapping[str, str] | None, entries: Iterable[Entry], task: str) -> Chain:
    """The lists of a task. entries: of the audit log, about it. Raises ValueError with what was changed by hand."""
    try:
        tagged = [read_policy(task, each) for each in json.loads((tags or {}).get(TAG, "[]"))]
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"tag {TAG} was edited: it holds no lists of promoters") from None
    logged = [read_policy(task, entry.what) for entry in entries if entry.kind == KIND]
    chain = _joined([*tagged, *logged])
    for place, policy in enumerate(chain):
        before = chain[place - 1] if place else policy
        if not before.allows(policy.statement, policy.signed):
            who = shown(before.keys)
            raise ValueError(f"the promoters on record were changed, and none of those before ({who}) has signed it")
    return chain


def _joined(policies: Iterable[Policy]) -> Chain:
    """One chain of them all; ValueError if two follow the same list, or one follows none that is there."""
    by_digest = {policy.digest: policy for policy in policies}
    following = {policy.signed.after: policy for policy in by_digest.values()}
    chain: list[Policy] = []
    while (policy := following.get(chain[-1].digest if chain else "")) is not None:
        chain.append(policy)
    if len(chain) != len(by_digest):
        raise ValueError(f"the promoters in the tag {TAG} are not those in the audit log: edited by hand in MLflow")
    return tuple(chain)


def unsigned(chain: Chain, version: Version | None) -> str:
    """What is wrong if no promoter has made this version the champion; "" if one has, or everybody may.

    A champion by an earlier list counts where `chain` ends with that list.
    """
    if not chain or version is None or str(version.as_predecessor()) == chain[-1].champion:
        return ""
    made, signed = version.promotion, signature_in(version.promotion)
    if signed is None:
        return f"v{version.number} was made champion without the signature of a promoter ({shown(chain[-1].keys)})"
    to = str(version.as_predecessor())
    if signed.after != made.get(AFTER):
        return f"v{version.number} was made champion with the signature of another move"
    statement = Statement(version.task, str(made.get("kind")), to, signed.over, str(made.get("reason")), signed.after)
    if chain[-1].allows(statement, signed):
        return ""
    return f"v{version.number} was made champion with a signature that fits no promoter ({shown(chain[-1].keys)})"


def ever_signed(chain: Chain, version: Version) -> bool:
    """Whether a promoter, of now or of then, has made this version the champion; or everybody may."""
    return not chain or any(not unsigned(chain[: end + 1], version) for end in range(len(chain)))


def _statement(task: str, keys: Mapping[str, str], champion: str, reason: str, after: str) -> Statement:
    return Statement(task, KIND, champion, champion, reason, after, tuple(sorted(keys)))
