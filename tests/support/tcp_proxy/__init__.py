"""A TCP proxy that makes a line bad on demand. In process: every method acts at once, on all lines.

    with Proxy("127.0.0.1", 5432) as proxy:
        proxy.latency(200)           every chunk of an answer comes 200 ms later
        proxy.stall()                a black hole: lines stay open, nothing passes either way
        proxy.lose_replies()         requests arrive, answers do not
        proxy.cut_reply_after(b"COMMIT")   the next request with these bytes arrives; its answer is
                                     swallowed and the line reset
        proxy.limit(1000)            a line is reset after so many bytes of answers
        proxy.reset()                lines that are open now are reset (RST)
        proxy.down()                 also refuse new ones
        proxy.heal()                 everything passes again
"""

from .proxy import Proxy

__all__ = ["Proxy"]
