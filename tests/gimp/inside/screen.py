"""A screen with a GIMP on it, driven by a test's half inside: menus, dialogs, keys, pictures.

    with Screen() as screen, screen.gimp("photo.png") as gimp:
        gimp.menu("Fog...")
        dialog = screen.dialog("Fog")
        dialog.set("Layer name", "Mist")
        dialog.press("OK")
        gimp.wait_title("2 layers")
        gimp.keys("ctrl+z")

Widgets are found by what a screen reader is told (AT-SPI), so nothing depends on positions. All
waiting is asking again until it is so; what does not come to be raises ``NotSeen`` and leaves a
screenshot ``not-seen``. Runs inside the root, under dbus-run-session.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from widgets import Widget, frames

WORK = Path(os.environ["GPEN_TEST_WORK"])
DISPLAY = ":1"  # the network of a run is its own, and with it X's addresses
STEP = 0.05
# Parts of the titles that the image window has with an image and without one.
IMAGE_WINDOW = ("– GIMP", "GNU Image Manipulation Program")
TITLE_BAR = 24  # openbox adds it to the height of a window
PATIENCE = 20.0
STILLNESS = 3.0
# Rarely, a GIMP comes up without a window; the next one does.
START_PATIENCE = 45.0

T = TypeVar("T")


class NotSeen(Exception):
    """Something did not appear in time; the text says what, and what was there instead."""


def tell(*command: str) -> str:
    """What a command prints; empty where it fails, as it does when a window has just gone."""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def look_at(window: str) -> bytes:
    """The pixels of a window as they are now."""
    command = ["import", "-window", window, "-depth", "8", "rgb:-"]
    return subprocess.run(command, capture_output=True).stdout


class Screen:
    """An X server with a window manager and no other window yet."""

    def __init__(self, width: int = 1400, height: int = 900) -> None:
        self.width, self.height = width, height
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Screen:
        os.environ["DISPLAY"] = DISPLAY
        size = f"{self.width}x{self.height}x24"
        # Otherwise it begins anew when its last client leaves, and drops one that just comes.
        self._start("Xvfb", DISPLAY, "-noreset", "-screen", "0", size, "-nolisten", "tcp")
        self.wait("an X server", lambda: tell("xdpyinfo"))
        self._start("openbox")
        self.wait(
            "a window manager", lambda: "0x" in tell("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._processes):
            stop(process)

    def _start(self, *command: str) -> None:
        quiet = subprocess.DEVNULL
        self._processes.append(subprocess.Popen(command, stdout=quiet, stderr=quiet))

    def wait(self, what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
        """Looks again and again until it sees something, and returns that.

        Raises:
            NotSeen: within these seconds it did not.
        """
        end = time.monotonic() + patience
        while time.monotonic() < end:
            seen = look()
            if seen:
                return seen
            time.sleep(STEP)
        self.shot("not-seen")
        titles = list(self.windows().values())
        raise NotSeen(f"{what} was not there within {patience:g} s; windows: {titles}")

    def windows(self) -> dict[str, str]:
        """Titles of the windows that the window manager lists, by their number."""
        listed = tell("xprop", "-root", "-notype", "_NET_CLIENT_LIST").partition("#")[2]
        numbers = [str(int(number, 16)) for number in listed.replace(",", " ").split()]
        titles = {number: tell("xdotool", "getwindowname", number) for number in numbers}
        return {number: title for number, title in titles.items() if title}

    def window(self, part: str) -> str | None:
        """The number of the first window with this in its title."""
        return next((number for number, title in self.windows().items() if part in title), None)

    def wait_gone(self, part: str, patience: float = PATIENCE) -> None:
        """Waits until no window has this in its title."""
        self.wait(f"the end of the window {part}", lambda: not self.window(part), patience)

    def shot(self, name: str, window: str = "root", *, still: bool = True) -> None:
        """Takes a picture of the screen, or of one window by its number, as screenshots/NAME.png.

        Waits until nothing moves any more, but not for long: a text cursor blinks for ever. With
        ``still=False`` not at all.
        """
        # A tooltip under the pointer would lie over the window.
        tell("xdotool", "mousemove", str(self.width - 1), str(self.height - 1))
        end = time.monotonic() + (STILLNESS if still else 0)
        before, now = b"", look_at(window)
        while now != before and time.monotonic() < end:
            time.sleep(4 * STEP)
            before, now = now, look_at(window)
        folder = WORK / "screenshots"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["import", "-window", window, str(folder / f"{name}.png")])
        if done.returncode:
            raise NotSeen(f"no picture of the window {window}")

    def drag(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """Moves the pointer from one place to another with its first button held."""
        tell("xdotool", "mousemove", str(x0), str(y0), "mousedown", "1")
        for part in (0.3, 0.7, 1):  # as a hand does it, by and by
            x, y = round(x0 + part * (x1 - x0)), round(y0 + part * (y1 - y0))
            tell("xdotool", "mousemove", str(x), str(y))
        tell("xdotool", "mouseup", "1")

    def keys(self, window: str, *keys: str) -> None:
        """Presses keys, such as "ctrl+z", in a window."""
        tell("xdotool", "windowactivate", "--sync", window)
        tell("xdotool", "key", "--clearmodifiers", *keys)

    def dialog(self, title: str, patience: float = PATIENCE) -> Dialog:
        """Waits for a window with this in its title, other than GIMP's image window."""

        def look() -> Dialog | None:
            number = self.window(title)
            frame = next((frame for frame in frames() if title in frame.name), None)
            return Dialog(self, number, frame) if number and frame else None

        return self.wait(f"the window {title}", look, patience)

    def gimp(self, *arguments: str) -> Gimp:
        """A GIMP to be used in a with statement; relative paths are in the work folder."""
        return Gimp(self, arguments)


class Dialog:
    """A window with fields and buttons.

    Attributes:
        number: of the window, for pictures and keys.
        frame: its outermost widget.
    """

    def __init__(self, screen: Screen, number: str, frame: Widget) -> None:
        self.screen, self.number, self.frame = screen, number, frame

    def set(self, label: str, value: str | float | bool) -> None:
        """Fills the field with this label: text, number, check box, or one of some choices."""
        self.field(label).set(value)

    def get(self, label: str) -> str | float | bool:
        """What the field with this label holds."""
        return self.field(label).get()

    def field(self, label: str) -> Widget:
        return self.screen.wait(f"the field {label}", lambda: self.frame.field(label))

    def press(self, button: str) -> None:
        """Presses a button by what is written on it."""
        self.find(button, "button").press()

    def find(self, name: str, *roles: str) -> Widget:
        """The widget of this name, and of one of these roles if some are given."""
        return self.screen.wait(f"{name} in a window", lambda: self.frame.find(name, *roles))

    def texts(self) -> list[str]:
        """All labels in the window, from top to bottom."""
        return [widget.name for widget in self.frame.walk() if widget.role == "label"]

    def shot(self, name: str, *, still: bool = True) -> None:
        self.screen.shot(name, self.number, still=still)

    def keys(self, *keys: str) -> None:
        self.screen.keys(self.number, *keys)

    def wait_gone(self, patience: float = PATIENCE) -> None:
        """Waits until this window is closed."""
        look = lambda: self.number not in self.screen.windows()  # noqa: E731
        self.screen.wait("the end of a window", look, patience)


class Gimp:
    """GIMP with the images that it was started with; its window fills the screen."""

    def __init__(self, screen: Screen, arguments: tuple[str, ...]) -> None:
        self.screen = screen
        self._command = ["gimp", "--new-instance", "--no-splash", *arguments]
        self._awaited = IMAGE_WINDOW[:1] if arguments else IMAGE_WINDOW
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Gimp:
        self._launch()
        try:
            self.number = self._wait_window()
        except NotSeen:
            print("no image window: GIMP is started once more", flush=True)
            self.__exit__(None, None, None)
            self._launch()
            self.number = self._wait_window()
        width, height = str(self.screen.width), str(self.screen.height - TITLE_BAR)
        tell("xdotool", "windowmove", self.number, "0", "0")
        tell("xdotool", "windowsize", "--sync", self.number, width, height)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            stop(self._process)  # SIGTERM: without the question whether to save

    def _launch(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=WORK)

    def _wait_window(self) -> str:
        def look() -> str | None:
            numbers = (self.screen.window(part) for part in self._awaited)
            number = next((number for number in numbers if number), None)
            return number if number and self._frame() else None

        return self.screen.wait("GIMP's image window", look, START_PATIENCE)

    def _frame(self) -> Widget | None:
        found = (f for f in frames("gimp") if any(part in f.name for part in IMAGE_WINDOW))
        return next(found, None)

    @property
    def title(self) -> str:
        """Of the image window: name, colour mode, depth, profile, number of layers, size."""
        return self.screen.windows().get(self.number, "")

    def wait_title(self, part: str, patience: float = PATIENCE) -> None:
        """Waits until the image window's title contains this, "2 layers" for example."""
        self.screen.wait(f"{part} in GIMP's title", lambda: part in self.title, patience)

    def menu_item(self, label: str) -> Widget:
        """A menu item by its label; its menu need not be open."""

        def look() -> Widget | None:
            frame = self._frame()
            return frame.find(label, "menu item", "check menu item") if frame else None

        return self.screen.wait(f"the menu item {label}", look)

    def menu(self, label: str) -> None:
        """Chooses a menu item."""
        self.menu_item(label).press()

    def unfold(self, *menus: str) -> None:
        """Opens menus, each in the one before; Escape closes them one by one."""
        for name in menus:

            def look(name: str = name) -> Widget | None:
                frame = self._frame()
                found = frame.find(name, "menu") if frame else None
                return found if found and found.showing else None

            self.screen.wait(f"the menu {name}", look).press()

    def items(self, menu: str) -> list[Widget]:
        """What is directly in a menu, which need not be open."""

        def look() -> list[Widget]:
            frame = self._frame()
            found = frame.find(menu, "menu") if frame else None
            return list(found.children()) if found else []

        return self.screen.wait(f"the menu {menu}", look)

    def state(self) -> tuple[bool, str, str]:
        """Whether the image counts as changed, "2 layers", and the menu item that undoes the last
        step, empty when there is none."""
        undo = next(item for item in self.items("Edit") if item.name.startswith("Undo"))
        layers = self.title.rpartition(", ")[2].partition(")")[0]
        return self.title.startswith("*"), layers, undo.name if undo.sensitive else ""

    def select_layers(self, *names: str) -> None:
        """Selects these layers besides those that are selected already."""

        def look() -> Widget | None:
            frame = self._frame()
            tables = (w for w in frame.walk() if w.role == "tree table") if frame else ()
            return next((t for t in tables if all(t.find(n, "table cell") for n in names)), None)

        self.screen.wait("the list of layers", look).select_rows(*names)

    def keys(self, *keys: str) -> None:
        self.screen.keys(self.number, *keys)

    def message(self, patience: float = PATIENCE) -> str:
        """Waits for the box in which GIMP shows messages, and returns its text."""
        box = self.screen.dialog("GIMP Message", patience)
        return "\n".join(box.texts())


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
