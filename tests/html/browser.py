"""Headless Chromium, driven through its DevTools protocol over a pipe. Standard library only."""

import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe"
).split()
PATIENCE = 60


class Browser:
    """A browser with a profile of its own, both gone at the end of the `with`."""

    def __enter__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            raise RuntimeError("no chromium: apt-get install chromium")
        self.profile = tempfile.TemporaryDirectory()
        ours, theirs = os.pipe(), os.pipe()  # we write to `ours`, the browser to `theirs`

        def arrange():
            # The protocol is spoken on the descriptors 3 and 4; first out of the way of what may lie there.
            read, write = os.dup(ours[0]), os.dup(theirs[1])
            read, write = os.dup2(read, 100), os.dup2(write, 101)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=arrange,
            close_fds=False,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self.out, self.into = ours[1], theirs[0]
        self.number, self.rest, self.events = 0, b"", []
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.profile.name, ignore_errors=True)

    def message(self, until):
        """The next message, or None at the time `until`."""
        while b"\0" not in self.rest:
            ready = select.select([self.into], [], [], max(0, until - time.monotonic()))[0]
            if not ready:
                return None
            part = os.read(self.into, 1 << 20)
            if not part:
                raise RuntimeError("the browser went away")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        """Sends a command and returns its answer; events that come meanwhile are kept."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        text = json.dumps(command).encode() + b"\0"
        while text:
            text = text[os.write(self.out, text) :]
        until = time.monotonic() + PATIENCE
        while (message := self.message(until)) is not None:
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)
        raise RuntimeError(f"{method}: no answer in {PATIENCE} s")

    def page(self, width=1280, height=900, mobile=False, scheme="light"):
        return Page(self, width, height, mobile, scheme)


class Page:
    """A tab of given size and colour scheme."""

    def __init__(self, browser, width, height, mobile, scheme):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if mobile else 1,
            mobile=mobile,
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def open(self, path):
        """Opens a file and waits until it has loaded; returns the seconds that took."""
        began = time.monotonic()
        self.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        self.wait("document.readyState === 'complete'", "loading")
        return time.monotonic() - began

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition, what):
        until = time.monotonic() + PATIENCE
        while not self.run(condition):
            if time.monotonic() > until:
                raise RuntimeError(f"{what}: not in {PATIENCE} s")
            time.sleep(0.05)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, element):
        """A press of the mouse on an element, once it lies still.

        A script's own `click()` is nobody's: of downloads begun that way, the browser stops all after the tenth.
        """
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        spot = f"""new Promise((done) => {{
            const place = () => {{ const b = {element}.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }};
            const settle = (last, still) => requestAnimationFrame(() => {{
                const here = place();
                const same = here[0] === last[0] && here[1] === last[1] && document.elementFromPoint(...here) === {element};
                if (same && still >= 5) done(here); else settle(here, same ? still + 1 : 0);
            }});
            settle(place(), 0);
        }})"""
        x, y = self.run(spot)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, file):
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69)["data"])

    def complaints(self):
        """Console messages, exceptions, dialogs and requests for anything but the file itself, since the last call."""
        self.run("0")
        found, kept = [], []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                kept.append(event)
                continue
            kind, about = event.get("method", ""), event.get("params", {})
            if kind == "Runtime.exceptionThrown":
                found.append(f"exception: {about['exceptionDetails'].get('exception', {}).get('description')}")
            elif kind == "Runtime.consoleAPICalled":
                found.append(f"console: {[argument.get('value') for argument in about['args']]}")
            elif kind == "Log.entryAdded":
                found.append(f"log: {about['entry']['text']}")
            elif kind == "Page.javascriptDialogOpening":
                found.append(f"dialog: {about['message']}")
                self.call("Page.handleJavaScriptDialog", accept=False)
            elif kind == "Network.requestWillBeSent":
                address = about["request"]["url"]
                if not address.startswith(("file:", "data:", "blob:", "about:")):
                    found.append(f"request: {address}")
        self.browser.events = kept
        return found


KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Tab": 9, "Enter": 13}
