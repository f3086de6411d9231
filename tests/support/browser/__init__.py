"""A browser that looks at the pages as people do: Debian's Chromium, driven by Playwright."""

from .chromium import LANGUAGES, PHONE, SCREEN, Chromium, complaints

__all__ = ["LANGUAGES", "PHONE", "SCREEN", "Chromium", "complaints"]
