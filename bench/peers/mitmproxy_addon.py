"""mitmproxy: checks the key, removes it, sets Authorization; what several credential proxies build on."""
import os

from mitmproxy import http

KEYS = frozenset(os.environ["BENCH_KEYS"].split())
AUTHORIZATION = os.environ["BENCH_AUTHORIZATION"]


def request(flow: http.HTTPFlow) -> None:
    if flow.request.headers.pop("X-Vault-Key", None) not in KEYS:
        flow.response = http.Response.make(401)
        return
    flow.request.headers["Authorization"] = AUTHORIZATION
