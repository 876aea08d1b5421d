"""Debian's Chromium without a window, driven over its devtools protocol by the aiohttp that is here anyway."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

KEYS = {"Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, "")}
CTRL = 2


class Chromium:
    """One tab. The browser's own profile is in `folder`, and goes with it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
        quiet = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        offline = [
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
        ]
        place = [
            "--remote-debugging-port=0",
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1000,800",
            "about:blank",
        ]
        self._port_file = folder / "profile" / "DevToolsActivePort"
        self._process = subprocess.Popen(
            [program, *quiet, *offline, *place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.count(1)
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def __enter__(self) -> Chromium:
        self._loop.run_until_complete(self._connect())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
        self._process.terminate()
        self._process.wait(30)

    async def _connect(self) -> None:
        port = await self._port()
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
        self._socket = await self._session.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=0)
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self._call(f"{domain}.enable")

    async def _port(self) -> str:
        for _ in range(1200):
            if self._port_file.exists() and (lines := self._port_file.read_text().split()):
                return lines[0]
            await asyncio.sleep(0.05)
        raise TimeoutError("Chromium did not open its devtools port")

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = json.loads((await self._socket.receive(timeout=60)).data)
            self._note(message)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._loop.run_until_complete(self._call(method, **params))

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def value(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait(self, script: str) -> None:
        """Until the expression is true. Two minutes mean it never will be, on the slowest machine."""
        end = time.monotonic() + 120
        while not self.value(script):
            assert time.monotonic() < end, (
                f"never true: {script}\n{self.value('document.body.innerText')}\n{self.complaints}"
            )
            time.sleep(0.02)

    def inaccessible(self) -> list[str]:
        """What axe-core finds on the page: rule, what it is about, and the element. Its script is of a package."""
        [folder] = importlib.util.find_spec("axe_core_python").submodule_search_locations  # type: ignore[union-attr, misc]
        self.value(Path(folder, "axe.min.js").read_text(encoding="utf-8") + ";0")
        self.value("axe.run().then((found) => { window.axeFound = found.violations; }), 0")
        self.wait("window.axeFound !== undefined")
        found = self.value("JSON.stringify(window.axeFound.map((v) => [v.id, v.help, v.nodes[0].html.slice(0, 200)]))")
        return [": ".join(each) for each in json.loads(found)]

    def press(self, key: str, modifiers: int = 0) -> None:
        name, code, text = KEYS[key] if key in KEYS else (key, ord(key.upper()), key)
        told: dict[str, Any] = {
            "key": name,
            "code": name if key in KEYS else f"Key{key.upper()}",
            "windowsVirtualKeyCode": code,
        }
        text_of = {"text": text} if text and not modifiers else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", modifiers=modifiers, **told, **text_of)
        self.call("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **told)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
