"""The vault against itself: what each of its steps costs."""
import base64
import os
import pathlib
import re
import statistics
import subprocess
import time

import peers
from load import Target
from machine import BenchError, LOAD_CORE, child_setup, free_port
from vault import Vault

USER, PASSWORD = "bench-user", "bench-password-0123456789"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
FIELDS = '{"Username":"{!$Credential.Username}","Password":"{!$Credential.Password}","Padding":"'
BODY = FIELDS + "p" * (1024 - len(FIELDS) - 2) + '"}'
RESOLVED = len(BODY) - len("{!$Credential.Username}{!$Credential.Password}") + len(USER + PASSWORD)

PLAIN = "plain callout"


def define(vault, upstream, tls_port, certificate):
    """All definitions of the ladder on one vault; gives the app's key."""
    url = f"http://127.0.0.1:{upstream}/service"
    vault.define("Plain", url, peers.AUTHORIZATION)
    vault.define("Unredacted", url, peers.AUTHORIZATION, redactResponses=False)
    vault.admin("POST", "/api/v1/named-credentials", {
        "name": "Merged", "url": url, "allowMergeFieldsInBody": True,
        "authentication": {"protocol": "password", "username": USER, "password": PASSWORD}})
    vault.define("Tls", f"https://localhost:{tls_port}/service", peers.AUTHORIZATION, serverCertificates=certificate)
    return vault.app("Bench", ["Plain", "Unredacted", "Merged", "Tls"])


def targets(vault, key, body):
    return [
        Target(PLAIN, vault.url("Plain"), vault.process, key),
        Target("redaction off", vault.url("Unredacted"), vault.process, key),
        Target("POST 1 KB", vault.url("Plain"), vault.process, key, body),
        Target("POST 1 KB, two merge fields", vault.url("Merged"), vault.process, key, body),
        Target("TLS to upstream", vault.url("Tls"), vault.process, key),
        Target("HTTP/2 from the app (h2c)", vault.url("Plain", http2=True), vault.process, key, http2=True),
    ]


def start_tls(machine):
    """The service over TLS, with a certificate of its own."""
    port = free_port()
    peers.build([([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", machine.path("tls.key"), "-out", machine.path("tls.crt")], {})])
    config = machine.fill(peers.BENCH / "upstream/tls.conf", "nginx-tls.conf", PORT=port, AUTHORIZATION=peers.AUTHORIZATION)
    process = machine.start("TLS upstream", ["nginx", "-e", "stderr", "-p", machine.directory, "-c", config], LOAD_CORE)
    machine.wait_for_port(process, port)
    return process, port, pathlib.Path(machine.path("tls.crt")).read_text()


def seeded(machine, upstream, count, name, sockets):
    """A vault with that many credentials, whose app may use ten of them, spread evenly: the vault, its target, credentials seeded a second."""
    used = 10
    data = machine.path(name.replace(" ", "-"))
    os.makedirs(data)
    rate = float(subprocess.run(
        ["taskset", "-c", "0,1", "dotnet", str(peers.BUILT / "seed/Vault.Seed.dll"), data, str(count), f"http://127.0.0.1:{upstream}/service", peers.AUTHORIZATION.removeprefix("Bearer ")],
        capture_output=True, text=True, check=True).stdout)
    vault = Vault(machine, name, data=data, sockets=sockets)
    step = count // used
    key = vault.app("Bench", [f"Service{index * step}" for index in range(used)])
    vault.stop()
    # Started anew: what seeding left in memory isn't what a vault of this size needs.
    vault = Vault(machine, name, data=vault.data, sockets=sockets)
    target = Target(f"{count:,} credentials, {used} in turn", vault.url("Service@"), vault.process, key, paths=used, path_step=step)
    return vault, target, rate


def cold_starts(machine, data, times):
    """Process start to /healthz/ready on an existing database, on all cores; seconds."""
    seconds = []
    for index in range(times):
        vault = Vault(machine, f"cold start {index}", data=data, core=None)
        seconds.append(vault.start_seconds)
        vault.stop()
    return seconds


def large_bodies(machine, vault, key):
    """1 GiB down and up by curl: (what, MB/s, RSS before, peak during)."""
    file = machine.path("body-1g")
    block = (b'{"text":"' + b"lorem ipsum dolor sit amet, consectetur " * 1700)[:65536]
    with open(file, "wb") as out:
        for _ in range(2**30 // len(block)):
            out.write(block)
    json = ["-H", "Content-Type: application/json"]
    cases = [
        ("1 GiB down, searched for echoes", [vault.url("Plain", "/1g")]),
        ("1 GiB down, redaction off", [vault.url("Unredacted", "/1g")]),
        ("1 GiB up", [*json, "-X", "POST", "-T", file, vault.url("Plain")]),
        ("1 GiB up, searched for merge fields", [*json, "-X", "POST", "-T", file, vault.url("Merged")]),
    ]
    rows = []
    for name, arguments in cases:
        before = vault.process.rss()
        vault.process.reset_peak()
        began, cpu = time.monotonic(), vault.process.cpu_seconds()
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "120", "-o", machine.path("answer"), "-w", "%{http_code} %{size_download} %{size_upload}",
             "-H", "X-Vault-Key: " + key, *arguments],
            capture_output=True, text=True, check=False, preexec_fn=child_setup(LOAD_CORE))
        seconds = time.monotonic() - began
        status, down, up = (done.stdout.split() + ["0", "0", "0"])[:3]
        if status != "200" or max(int(down), int(up)) != 2**30:
            raise BenchError(f"{name}: {done.stdout} {done.stderr}")
        rows.append((name, 2**30 / seconds / 1e6, vault.process.cpu_seconds() - cpu, before, vault.process.rss("VmHWM")))
    os.unlink(file)
    os.unlink(machine.path("answer"))
    return rows


def check(target, body=None, length=None):
    """The right key gets the service's answer, a wrong one 401; merged bodies arrive with the length of the resolved one."""
    def call(key):
        command = ["curl", "-sS", "--noproxy", "*", "--max-time", "10", "-w", "\n%{http_code}", "-H", "X-Vault-Key: " + key]
        command += ["--http2-prior-knowledge"] if target.http2 else []
        command += ["--data-binary", "@" + body, "-H", "Content-Type: application/json"] if body else []
        done = subprocess.run([*command, target.url.replace("@", "0")], capture_output=True, text=True, check=False)
        text, _, status = done.stdout.rpartition("\n")
        return status, text + done.stderr

    status, text = call(target.key)
    if status != "200" or len(text) != 100 or (length is not None and int(re.findall(r"\d+", text)[0]) != length):
        raise BenchError(f"{target.name} answers {status}: {text}\n{target.process.tail()}")
    status, text = call(target.key[:-1] + "x")
    if status != "401":
        raise BenchError(f"{target.name} answers a wrong key with {status}: {text}")


def median(values):
    return statistics.median(values) if values else None
