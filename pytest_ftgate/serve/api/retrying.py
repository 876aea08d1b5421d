"""request -> reply: attempts until there is an answer, no hope, or no money."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.serve.api.bill import Bill
from pytest_ftgate.serve.api.budget import Budget
from pytest_ftgate.serve.api.parse import ParsedReply, said_of
from pytest_ftgate.serve.api.reply_cache import ReplyCache
from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.api.tokens import most
from pytest_ftgate.serve.client.breaker import Breaker
from pytest_ftgate.serve.client.window import Window
from pytest_ftgate.serve.retry import LIMITED, RequestError, Retry


class Line(Protocol):
    """A way to a server."""

    async def ask(self, ask: ApiRequest) -> ParsedReply:
        """One attempt. Raises RequestError."""

    async def close(self) -> None:
        """End all connections."""


class Sender:
    """What all attempts of a run share."""

    def __init__(self, settings: Settings, line: Line, answers: ReplyCache, bill: Bill, retry: Retry) -> None:
        self.settings, self.line, self.answers, self.bill, self.retry = settings, line, answers, bill, retry
        self.prices = settings.price_list()
        self.budget = Budget(settings.budget_dollars)
        self.closing = False
        """No further attempts: what is under way is waited for, and nothing else is sent."""
        self.breaker = Breaker(settings.base_url)
        self.window = Window(settings.concurrency, settings.concurrency, retry)
        self.denied: ProviderError | None = None
        """Why the server serves none of this: whatever had not been sent then is not sent any more."""

    async def ask(self, ask: ApiRequest) -> ApiReply:
        """Never asks what was answered; keeps what is paid for before it returns it. Raises ProviderError if denied."""
        attempt, limited_since = 0, 0.0
        while True:
            await self._pause()
            if self.denied:
                raise self.denied
            if self.breaker.reason:
                return ApiReply(ask.key, error=self.breaker.reason, kind="failed")
            attempt += 1
            sent = time.monotonic()
            try:
                return await self._attempt(ask)
            except RequestError as trouble:
                if trouble.kind not in LIMITED or trouble.billed:
                    self.window.taken()
                else:
                    limited_since = limited_since or sent
                    if not self._comes_again(trouble, sent, limited_since):
                        return ApiReply(ask.key, error=self.breaker.reason or trouble.text, kind="failed")
                    attempt -= 1
                    continue
                given_up = self.retry.gives_up(trouble, attempt)
                self.breaker.failed(trouble, sent, self.settings.timeout_s, given_up=given_up)
                try:
                    await self.wait_after(trouble, attempt)
                except RequestError:
                    return ApiReply(ask.key, error=f"{trouble.text} (attempt {attempt})", kind="failed")

    async def _pause(self) -> None:
        """Until the server takes requests again."""
        while not self.closing and (late := self.window.resume_at - time.monotonic()) > 0:
            await asyncio.sleep(min(late, 1.0))

    def _comes_again(self, trouble: RequestError, sent: float, limited_since: float) -> bool:
        """Whether a request that was turned away is sent again, after a pause of all: as long as others are taken."""
        timeout_s = self.settings.timeout_s
        self.window.limited(trouble, sent, timeout_s)
        self.count(trouble)
        if self.closing:
            return False
        if time.monotonic() - max(limited_since, self.window.taken_at) >= timeout_s:
            why = f"{self.settings.base_url}: rate limited for longer than timeout_s ({timeout_s:g} s): {trouble.text}"
            self.breaker.reason = self.breaker.reason or why
            return False
        self.bill.retries += 1
        return True

    async def wait_after(self, trouble: RequestError, attempt: int) -> None:
        """Count the trouble of an attempt (1-based) and wait before the next; raises it again if there is no hope.

        Raises ProviderError if the server denies the key, the model or the API: nothing else will work either.
        """
        self.count(trouble)
        if trouble.kind == "denied":
            self.denied = ProviderError(self._denied(trouble))
            raise self.denied from None
        if self.closing or self.retry.gives_up(trouble, attempt):
            raise trouble
        self.bill.retries += 1
        await asyncio.sleep(self.retry.wait_s(attempt, trouble.wait_s))

    def count(self, trouble: RequestError) -> None:
        """One more on the bill."""
        self.bill.troubles[trouble.kind] += 1

    async def _attempt(self, ask: ApiRequest) -> ApiReply:
        """One attempt, with its money put aside first. Raises RequestError."""
        aside = self.prices.dollars(most(ask))
        if not await self.budget.put_aside(aside):
            return ApiReply(ask.key, error=self.too_dear(aside), kind="budget")
        paid = aside
        try:
            heard = await self._ask_new(ask, aside)
            self.breaker.answered()
            self.window.answered()
            paid = self.prices.dollars(heard.usage)
            said = said_of(ask, heard, paid)
            self.answers.keep(said)
        except RequestError as trouble:
            paid = aside if trouble.billed else 0.0
            raise
        finally:
            await self.budget.settle(aside, paid)
        await self.answers.on_disk()
        return said

    async def _ask_new(self, ask: ApiRequest, aside: float) -> ParsedReply:
        """Send; whatever breaks off is written down. Raises RequestError."""
        self.answers.sent(ask.key, aside)
        self.bill.attempts += 1
        try:
            return await self.line.ask(ask)
        except BaseException as error:
            billed = error.billed if isinstance(error, RequestError) else True
            self.answers.broke_off(ask.key, billed)
            if billed:
                self.possibly(aside)
            raise

    def possibly(self, dollars: float) -> None:
        """One attempt more that may have been billed."""
        self.bill.possibly_billed += 1
        self.bill.possibly_dollars += dollars

    def too_dear(self, aside: float) -> str:
        """Why a request is not sent. aside: what it may cost."""
        spent, limit = self.budget.spent, self.budget.limit or 0.0
        return f"not sent: it may cost ${aside:.4f}, and ${spent:.4f} of the budget of ${limit:.4f} is spent"

    def _denied(self, trouble: RequestError) -> str:
        return (
            f"{self.settings.base_url} does not serve model '{self.settings.model}' to this key: {trouble.text}\n"
            f"    check model, base_url and the variable {self.settings.key_variable() or '(none is used)'}"
        )
