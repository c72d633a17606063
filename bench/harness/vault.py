"""A vault under load: started as published, defined through its admin API."""
import http.client
import json
import time

from machine import PROXY_CORE, BenchError, free_port
from peers import BUILT

ADMIN = "vk_benchadmin_0123456789abcdef0123456789abcdef01234567"


class Vault:
    """One vault with a data directory."""

    def __init__(self, machine, name, data=None, durability="background", sockets="default", http2=False, core=PROXY_CORE, env=None):
        self.machine, self.name = machine, name
        self.data = data or machine.path("data-" + name.replace(" ", "-"))
        self.port = free_port()
        self.http2_port = free_port() if http2 else None
        env = {
            **(env or {}),
            "ASPNETCORE_URLS": f"http://127.0.0.1:{self.port}",
            "ASPNETCORE_ENVIRONMENT": "Production",
            "Vault__DataDirectory": self.data,
            "Vault__BootstrapAdminKey": ADMIN,
            "Vault__Egress__AllowHttp": "true",
            "Vault__Egress__AllowedNetworks": "127.0.0.0/8,::1/128",
            "Vault__Http2Url": f"http://127.0.0.1:{self.http2_port}" if http2 else "",
            "DOTNET_gcServer": "0",
        }
        if durability:
            env["Vault__Audit__Durability"] = durability
        env["Vault__InlineSockets"] = "false" if sockets == "default" else "true"
        began = time.monotonic()
        self.process = machine.start(name, [str(BUILT / "vault/Vault.Api")], core, env)
        self._wait_ready()
        self.start_seconds = time.monotonic() - began

    def url(self, name, path="/record", http2=False):
        return f"http://127.0.0.1:{self.http2_port if http2 else self.port}/callout/{name}{path}"

    def stop(self):
        self.machine.stop(self.process)

    def admin(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            return self._send(connection, method, path, body)
        finally:
            connection.close()

    def app(self, name, grants):
        """Makes an app with grants; gives its key."""
        self.admin("POST", "/api/v1/apps", {"name": name})
        for grant in grants:
            self.admin("PUT", f"/api/v1/apps/{name}/grants/{grant}", {})
        return self.admin("POST", f"/api/v1/apps/{name}/keys", {})["key"]

    def define(self, name, url, authorization, **settings):
        """A named credential that sets this bearer token."""
        self.admin("POST", "/api/v1/named-credentials", {
            "name": name, "url": url, "authentication": {"protocol": "bearer", "token": authorization.removeprefix("Bearer ")}, **settings})

    @staticmethod
    def _send(connection, method, path, body):
        text = json.dumps(body) if body is not None else None
        connection.request(method, path, text, {"X-Vault-Key": ADMIN, "Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise BenchError(f"{method} {path} answered {response.status}: {answer[:500]}")
        return json.loads(answer) if answer else None

    def _wait_ready(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/healthz/ready")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            if not self.process.alive():
                break
            time.sleep(0.004)
        raise BenchError(f"{self.name} is not ready:\n{self.process.tail()}")
