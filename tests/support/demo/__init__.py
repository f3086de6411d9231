"""./dev demo: the story of paid, cancelled, forgotten and late-paid lessons, lived on this machine."""

import os
import signal

# While modules are still being loaded there is nothing to stop, and no traceback helps anybody.
signal.signal(signal.SIGINT, lambda *_: os._exit(130))
