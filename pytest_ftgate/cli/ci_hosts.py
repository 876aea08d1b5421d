"""Environment variables of a CI job -> the pull or merge request it is about, and its comments, by the host's API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import Secret, secret_in

TIMEOUT_S = 30.0
PAGE = 100
MOST_PAGES = 100
_KEPT = 300
"""Characters of what a host says of an error."""


class NothingToCommentError(FtgateError):
    """The job is about no request, or may write nothing there by design: said, and no failure."""


class Comments(Protocol):
    """Those of one request. Raises FtgateError, which says what is missing."""

    where: str

    def mine(self, mark: str) -> str:
        """The id of the comment of ours that begins with a line; "" if there is none."""

    def create(self, body: str) -> str:
        """Its address."""

    def update(self, comment: str, body: str) -> str:
        """Its address."""


@dataclass(frozen=True)
class Api:
    """A host. hint: what the token needs, said where it is refused."""

    base: str
    headers: Mapping[str, str]
    hint: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of an answer. Raises FtgateError; a redirection is one, since it would take the token elsewhere."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "pytest-ftgate", **self.headers}
        request = urllib.request.Request(f"{self.base}{path}", data, headers, method=method)  # noqa: S310 - of the job
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            raise FtgateError(self._refused(refused, f"{method} {path}")) from None
        except (OSError, HTTPException) as failed:
            reason = one_line(str(getattr(failed, "reason", failed)))
            raise FtgateError(f"{self.base} does not answer: {reason}; nothing written") from None
        except ValueError:
            raise FtgateError(f"{self.base}: {method} {path} is answered with no JSON; is it the API?") from None

    def all(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of all pages."""
        for page in range(1, MOST_PAGES + 1):
            rows = self.ask("GET", f"{path}?per_page={PAGE}&page={page}")
            yield from rows
            if len(rows) < PAGE:
                return

    def _refused(self, error: urllib.error.HTTPError, what: str) -> str:
        with error:
            said = one_line(_message(error.read(100_000)))[:_KEPT]
        text = f"{self.base}: {what}: HTTP {error.code}{f', {said}' if said else ''}; nothing written"
        if error.code in {401, 403, 404}:
            limited = error.code == 403 and error.headers.get("x-ratelimit-remaining") == "0"
            return f"{text}\n    {'the limit of requests is used up: try again later' if limited else self.hint}"
        return text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _message(raw: bytes) -> str:
    try:
        said = json.loads(raw)
        return str(said.get("message") or said.get("error") or "")
    except (ValueError, AttributeError):
        return ""


class GitHubComments:
    """Of a pull request; a comment there is one of an issue."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._repository = environ.get("GITHUB_REPOSITORY", "")
        event = _event(environ)
        _refuse_fork(event, environ)
        token = _token("GITHUB_TOKEN", "env: GITHUB_TOKEN: ${{ github.token }}")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        hint = "give the job `permissions: pull-requests: write`; a token of your own needs the right to write there"
        self._api = Api(environ.get("GITHUB_API_URL") or "https://api.github.com", headers, hint)
        self._path = f"/repos/{quote(self._repository)}/issues"
        self.number = _pull_number(event) or self._of_commit(environ.get("GITHUB_SHA", ""))
        self.where = f"pull request {self.number} of {self._repository}"

    def _of_commit(self, sha: str) -> int:
        """The pull request that brought a commit into its branch."""
        pulls = self._api.ask("GET", f"/repos/{quote(self._repository)}/commits/{quote(sha)}/pulls")
        if not pulls:
            raise NothingToCommentError(f"commit {sha[:12]} came with no pull request; nothing to comment on")
        merged = [each for each in pulls if each.get("merge_commit_sha") == sha]
        return int((merged or pulls)[0]["number"])

    def mine(self, mark: str) -> str:
        """Of the user of the token; of a job's own token, which may not ask who it is, of a bot."""
        try:
            login = self._api.ask("GET", "/user").get("login")
        except FtgateError:
            login = None
        for each in self._api.all(f"{self._path}/{self.number}/comments"):
            user = each.get("user") or {}
            own = user.get("login") == login if login else user.get("type") == "Bot"
            if own and str(each.get("body") or "").startswith(mark):
                return str(each["id"])
        return ""

    def create(self, body: str) -> str:
        """Its address."""
        return str(self._api.ask("POST", f"{self._path}/{self.number}/comments", {"body": body}).get("html_url", ""))

    def update(self, comment: str, body: str) -> str:
        """Its address."""
        return str(self._api.ask("PATCH", f"{self._path}/comments/{comment}", {"body": body}).get("html_url", ""))


def _event(environ: Mapping[str, str]) -> dict[str, Any]:
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}
    try:
        return dict(json.loads(Path(path).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise FtgateError(f"GITHUB_EVENT_PATH: {path} cannot be read: {error}") from None


def _pull_number(event: Mapping[str, Any]) -> int:
    pull = event.get("pull_request") or ((event.get("issue") or {}) if "pull_request" in event.get("issue", {}) else {})
    return int(pull.get("number") or 0)


def _refuse_fork(event: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """The token of such a job can only read, whatever the workflow says."""
    pull = event.get("pull_request")
    if pull and environ.get("GITHUB_EVENT_NAME") == "pull_request":
        head, base = (((pull.get(side) or {}).get("repo") or {}).get("full_name") for side in ("head", "base"))
        if head != base:
            raise NothingToCommentError(
                "a pull request from a fork: its token may not write comments; the summary of the job has the report"
            )


class GitLabComments:
    """Notes of a merge request."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        target = environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", "")
        source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") or target
        if source != target and not environ.get("FTGATE_GITLAB_TOKEN"):
            raise NothingToCommentError(
                "a merge request from a fork, which gets no token; the artifacts have the report"
            )
        token = _token("FTGATE_GITLAB_TOKEN", "a masked variable of the project; a job's own token may not comment")
        hint = "FTGATE_GITLAB_TOKEN needs the scope `api` and the role Reporter or more in the project"
        base = environ.get("CI_API_V4_URL", "")
        self._api = Api(f"{base}/projects/{quote(target, safe='')}", {"PRIVATE-TOKEN": token}, hint)
        self._server = Api(base, {"PRIVATE-TOKEN": token}, hint)
        self.number = environ.get("CI_MERGE_REQUEST_IID") or self._of_commit(environ.get("CI_COMMIT_SHA", ""))
        self._page = environ.get("CI_MERGE_REQUEST_PROJECT_URL") or environ.get("CI_PROJECT_URL", "")
        self.where = f"merge request {self.number}"

    def _of_commit(self, sha: str) -> str:
        requests = self._api.ask("GET", f"/repository/commits/{quote(sha)}/merge_requests")
        if not requests:
            raise NothingToCommentError(f"commit {sha[:12]} came with no merge request; nothing to comment on")
        return str(requests[0]["iid"])

    def mine(self, mark: str) -> str:
        """Of the user of the token."""
        own = self._server.ask("GET", "/user").get("id")
        for each in self._api.all(f"/merge_requests/{self.number}/notes"):
            if (each.get("author") or {}).get("id") == own and str(each.get("body") or "").startswith(mark):
                return str(each["id"])
        return ""

    def create(self, body: str) -> str:
        """Its address."""
        return self._address(self._api.ask("POST", f"/merge_requests/{self.number}/notes", {"body": body}))

    def update(self, comment: str, body: str) -> str:
        """Its address."""
        return self._address(self._api.ask("PUT", f"/merge_requests/{self.number}/notes/{comment}", {"body": body}))

    def _address(self, note: Mapping[str, Any]) -> str:
        return f"{self._page}/-/merge_requests/{self.number}#note_{note.get('id')}"


def comments_of(environ: Mapping[str, str]) -> Comments:
    """Of the request that this job is about. Raises FtgateError outside a job of GitHub or GitLab."""
    if environ.get("GITHUB_REPOSITORY"):
        return GitHubComments(environ)
    if environ.get("CI_API_V4_URL"):
        return GitLabComments(environ)
    raise FtgateError(
        "not in a job of GitHub or GitLab: neither GITHUB_REPOSITORY nor CI_API_V4_URL is set\n"
        "    to see the comment here: ftgate ci comment --print"
    )


def _token(variable: str, how: str) -> Secret:
    found = secret_in(variable)
    if not found:
        raise FtgateError(f"{variable} is not set: no token to write the comment with; set it: {how}")
    return found
