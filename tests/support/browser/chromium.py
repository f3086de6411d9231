"""Chromium without a network but loopback, and pages that notice every error."""

import contextlib
import os
import pathlib

from playwright.sync_api import sync_playwright

PROGRAM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
FONTS = pathlib.Path(__file__).with_name("fonts.conf")
PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1280, "height": 900}
LANGUAGES = {"en": "en-GB", "de": "de-DE", "es": "es-ES"}


class Chromium:
    """with Chromium() as browser: one process for many contexts, each a person's own browser.

    keeps_pages     with the back/forward cache, which Playwright switches off
    """

    def __init__(self, *, keeps_pages=False):
        self.without = ["--disable-back-forward-cache"] if keeps_pages else []

    def __enter__(self):
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(
            executable_path=PROGRAM,
            args=ARGUMENTS,
            ignore_default_args=self.without,
            env={**os.environ, "FONTCONFIG_FILE": str(FONTS)},
        )
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.playwright.stop()

    @contextlib.contextmanager
    def person(self, *, language="en", size=SCREEN, dark=False, zone="Europe/Berlin", calm=True, scripts=True):
        """A context of its own: language, screen, zone. What its pages complain of is in complaints(context)."""
        context = self.browser.new_context(
            locale=LANGUAGES[language],
            timezone_id=zone,
            viewport=size,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if calm else "no-preference",
            accept_downloads=True,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(15000)
        context.said = []
        context.on("console", lambda message: message.type == "error" and context.said.append(message.text))
        context.on("weberror", lambda error: context.said.append(str(error.error)))
        try:
            yield context
        finally:
            context.close()


def complaints(context):
    """Errors of a page's scripts and of its policy; not answers of 4xx and 5xx, nor a network that was taken away."""
    return [text for text in context.said if not text.startswith("Failed to load resource")]
