"""What the tests in a real browser share: chromium, a JupyterLab on loopback, a guard over every request, axe-core, screenshots.

`make test-browser` runs them; a plain `pytest tests` does not. Screenshots go to `screenshots/`: look at them.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

import pytest

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
AXE = "axe-core@4.10.3"
SEVEN = [(70, 60), (140, 56), (205, 60), (170, 120), (140, 170), (125, 235)]  # on a pad of 280 x 280


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    "The chromium of the system; nothing is downloaded."
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.exit("No browser: these tests need chromium. On Debian: apt-get install chromium", returncode=2)
    return {"executable_path": found, "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                                               "--disable-sync", "--no-first-run"]}


def is_here(url):
    "Whether an address stays on this machine."
    parts = urlsplit(url)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")


@pytest.fixture
def visit(browser):
    """A function that opens an address in a browser of its own: light or dark, of this size, with or without touch.

    After the test: no request has left this machine, and no script has broken down.
    """
    contexts, left, broken = [], [], []

    def open_page(address, scheme="light", width=1280, height=900, touch=False, **more):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=touch, **more)
        contexts.append(context)
        context.route(lambda url: not is_here(url), lambda route: route.abort())
        context.on("request", lambda request: is_here(request.url) or left.append(request.url))
        context.set_default_timeout(120_000)  # a machine may have other work
        page = context.new_page()
        page.on("websocket", lambda opened: is_here(re.sub("^ws", "http", opened.url)) or left.append(opened.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not left, f"requests that leave this machine: {left}"
    assert not broken, broken


@pytest.fixture(scope="session")
def axe():
    "The script of axe-core, an npm package, which is kept in pytest's cache; the test is skipped where it cannot be had."
    folder = Path(__file__).parent / ".cache"
    script = folder / f"{AXE}.js"
    if not script.exists():
        if not shutil.which("npm"):
            pytest.skip("axe-core comes by npm, which is not here")
        folder.mkdir(exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, timeout=120)
        if packed.returncode:
            pytest.skip(f"npm gives no {AXE}: {packed.stderr.strip()[-200:]}")
        archive = folder / packed.stdout.split()[-1]
        with tarfile.open(archive) as package:
            script.write_bytes(package.extractfile("package/axe.min.js").read())
        archive.unlink()
    return script.read_text(encoding="utf-8")


def serious(page, axe, within):
    "What axe-core finds that is serious or critical, within an element."
    page.evaluate(axe)
    found = page.evaluate("within => axe.run(within, {resultTypes: ['violations']})", within)
    return [(one["id"], one["help"], [node["target"] for node in one["nodes"]]) for one in found["violations"] if one["impact"] in ("serious", "critical")]


def keep(page, name, **more):
    "A screenshot, for people."
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", **more)


# ---------------------------------------------------------------- drawing, as a hand does

def places(page, points):
    "Where points of a pad are in the window."
    canvas = page.get_by_role("application").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in points]


def draw(page, points):
    "A stroke with the mouse."
    (x, y), *others = places(page, points)
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def touch(page, points, end="touchEnd"):
    "A stroke with a finger: touch events as a screen sends them."
    session = page.context.new_cdp_session(page)
    found = places(page, points)
    between = [(a + (c - a) * k / 6, b + (d - b) * k / 6) for (a, b), (c, d) in zip(found, found[1:]) for k in range(1, 7)]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": found[0][0], "y": found[0][1], "id": 1}]})
    for x, y in between:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y, "id": 1}]})
    session.send("Input.dispatchTouchEvent", {"type": end, "touchPoints": []})


def settled(page):
    "Wait until the pad has answered what was asked last."
    page.wait_for_function("() => document.querySelector('.mnist-pad').dataset.settled === 'true'")


# ---------------------------------------------------------------- JupyterLab

class Lab:
    "A JupyterLab with a copy of the chapters, and what one does in it."

    def __init__(self, address, folder):
        self.address, self.folder = address, folder

    def notebook(self, visit, name, **how):
        "Open a notebook of the folder, with a kernel that is ready."
        workspace = uuid4().hex[:8]  # of its own: JupyterLab would open again what another test had open
        page = visit(f"{self.address}/lab/workspaces/{workspace}/tree/nbs/{name}", **how)
        self.ready(page)
        return page

    def ready(self, page):
        "Wait for the kernel, and for all cells."
        page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.widgets?.length", timeout=60_000)
        page.evaluate("async () => { const panel = window.jupyterapp.shell.currentWidget; await panel.context.ready; await panel.sessionContext.ready; }")
        page.wait_for_function("""() => {
            const content = window.jupyterapp.shell.currentWidget.content;
            return content.widgets.length > 0 && content.widgets.length === content.model.cells.length;
        }""", timeout=60_000)  # the cells come one after the other

    def run(self, page, text):
        "Run the cell whose source contains this text, alone, show it, and wait until it is done."
        page.wait_for_function("""text => window.jupyterapp.shell.currentWidget.content.widgets.some(
            cell => cell.model.type === "code" && cell.model.sharedModel.getSource().includes(text))""", arg=text, timeout=60_000)
        page.evaluate("""async text => {
            const app = window.jupyterapp, content = app.shell.currentWidget.content;
            const at = content.widgets.findIndex(cell => cell.model.type === "code" && cell.model.sharedModel.getSource().includes(text));
            if (at < 0) throw new Error(`no cell has: ${text}`);
            content.activeCellIndex = at;
            await app.commands.execute("notebook:run-cell");
            await content.scrollToItem(at, "start");
        }""", text)

    def show(self, page, text):
        "Scroll to the cell whose source contains this text: again, while the cells above it are still being laid out."
        page.wait_for_function("""async text => {
            const content = window.jupyterapp.shell.currentWidget.content;
            const at = content.widgets.findIndex(cell => cell.model.type === "code" && cell.model.sharedModel.getSource().includes(text));
            if (at < 0) return false;
            content.activeCellIndex = at;
            await content.scrollToItem(at, "start");
            await new Promise(done => setTimeout(done, 500));
            const node = content.widgets[at].node, box = node.getBoundingClientRect();
            return node.isConnected && box.height > 0 && box.top > -200 && box.top < innerHeight / 2;
        }""", arg=text)

    def output(self, page, text):
        "The text that the cell with this source has put out."
        return page.evaluate("""text => {
            const cells = window.jupyterapp.shell.currentWidget.content.widgets;
            const cell = cells.find(cell => cell.model.type === "code" && cell.model.sharedModel.getSource().includes(text));
            return cell.model.outputs.toJSON().map(one => [one.text ?? one.data?.["text/plain"] ?? one.evalue].flat().join("")).join("");
        }""", text)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    "A JupyterLab on loopback, on a copy, with settings of its own."
    home = tmp_path_factory.mktemp("lab")
    folder = home / "copy"
    for name in ("nbs", "samples", "benchmarks/results"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
    news = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"checkForUpdates": false, "fetchNews": "false"}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep), "IPYTHONDIR": str(home / "ipython"),
                 **{f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")},
                 "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", "--expose-app-in-browser", "--LabApp.extension_manager=readonly",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with open(home / "log.txt", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=variables, cwd=folder)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(360):
            try:
                urlopen(f"{address}/api/status", timeout=1)
                break
            except OSError:
                assert server.poll() is None, (home / "log.txt").read_text()[-2000:]
                time.sleep(0.5)
        else:
            pytest.fail(f"JupyterLab did not start: {(home / 'log.txt').read_text()[-2000:]}")
        yield Lab(address, folder)
    finally:
        server.terminate()
        server.wait(30)
