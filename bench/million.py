#!/usr/bin/env python3
"""How a vault on PostgreSQL starts with a thousand, 100 thousand and a million named credentials, each with an external one of its own.

    ./bench/million.py [--sizes 1000,100000,1000000] [--no-build] [--directory DIR]

Needs PostgreSQL 15 (Debian's), gcc and the .NET SDK; about 6 GB in a temporary directory, which goes afterwards, or in DIR, which stays, so that
the next run need not seed again. Prints for each size: from the start of the process until it is ready, until everything is read, resident memory then and its peak (VmRSS, VmHWM), and how
long callouts took (half of them, and 99 of 100) to names never called before while the rest was read, and after.
"""
import argparse
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "bench-token-0123456789"
ADMIN = "vk_benchadmin_0123456789abcdef0123456789abcdef01234567"
POSTGRES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def as_postgres(arguments):
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *arguments] if os.geteuid() == 0 else arguments


class Server:
    """A PostgreSQL with Debian's settings, of this process alone."""

    def __init__(self, directory):
        self.port, self.data = free_port(), directory / "postgres"
        if not self.data.exists():
            self.data.mkdir()
            if os.geteuid() == 0:
                shutil.chown(self.data, "postgres", "postgres")
            run(as_postgres([POSTGRES / "initdb", "-D", self.data / "db", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]))
        self.process = subprocess.Popen(
            as_postgres([POSTGRES / "postgres", "-D", self.data / "db", "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-k", str(self.data)]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while subprocess.run([POSTGRES / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode:
            time.sleep(0.1)

    def create(self, name):
        run([POSTGRES / "psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-c", f"CREATE DATABASE {name}"])

    def connection(self, name):
        return f"Host=127.0.0.1;Port={self.port};Database={name};Username=postgres"

    def stop(self):
        self.process.terminate()
        self.process.wait()


def run(arguments, **options):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def status_of(process):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(port, path, key=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"X-Vault-Key": key} if key else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_whole(port):
    return b'vault_definition_kind="named_credential"' in get(port, "/metrics")[1]


def callouts(port, key, size, until, most=2000):
    """Latencies in milliseconds, of names at random, until something is so."""
    taken, connection, numbers = [], http.client.HTTPConnection("127.0.0.1", port, timeout=60), random.Random(1)
    while len(taken) < most and not until():
        began = time.monotonic()
        connection.request("GET", f"/callout/Service{numbers.randrange(size)}/record", headers={"X-Vault-Key": key})
        answer = connection.getresponse()
        body = answer.read()
        taken.append((time.monotonic() - began) * 1000)
        if answer.status != 200:
            sys.exit(f"A callout was answered {answer.status}: {body}")
        time.sleep(0.005)
    connection.close()
    return taken


def told(taken):
    if len(taken) < 5:
        return "–"
    return f"{statistics.median(taken):.1f} / {sorted(taken)[int(len(taken) * 0.99)]:.0f} ms ({len(taken)})"


def seeded(size, name, server, directory, upstream):
    """The key of the app that all of them are granted to."""
    known = directory / f"{name}.key"
    if not known.exists():
        server.create(name)
        began = time.monotonic()
        known.write_text(run([
            "dotnet", ROOT / "bench/Seed/bin/Release/net10.0/Vault.Seed.dll", directory / name, size, f"http://127.0.0.1:{upstream}", TOKEN, server.connection(name)]).split()[-1])
        print(f"{size:,} seeded in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return known.read_text()


def measure(size, server, directory, upstream):
    name = f"vault_{size}"
    key, connection, data, port = seeded(size, name, server, directory, upstream), server.connection(name), directory / name, free_port()
    environment = {
        **os.environ, "ASPNETCORE_URLS": f"http://127.0.0.1:{port}", "ASPNETCORE_ENVIRONMENT": "Production", "Vault__DataDirectory": str(data),
        "Vault__BootstrapAdminKey": ADMIN, "Vault__Egress__AllowHttp": "true", "Vault__Egress__AllowedNetworks": "127.0.0.0/8", "Vault__Http2Url": "",
        "Vault__Database__Provider": "postgreSql", "ConnectionStrings__Vault": connection,
    }
    began = time.monotonic()
    log = open(directory / f"{name}.log", "wb")
    vault = subprocess.Popen(["dotnet", str(ROOT / "src/Vault.Api/bin/Release/net10.0/Vault.Api.dll")], env=environment, cwd=directory, stdout=log, stderr=log)
    try:
        while True:
            try:
                if get(port, "/healthz/ready")[0] == 200:
                    break
            except OSError:
                pass
            if vault.poll() is not None:
                sys.exit(f"The vault ended: {(directory / f'{name}.log').read_text()}")
            time.sleep(0.02)
        ready, used = time.monotonic() - began, processor_seconds(vault)
        looked = [0.0, is_whole(port)]

        def whole():
            if not looked[1] and time.monotonic() - looked[0] > 0.25:
                looked[:] = [time.monotonic(), is_whole(port)]
            return looked[1]

        during = callouts(port, key, size, whole, most=10 ** 9)
        read = time.monotonic() - began
        print(f"{size:,}: processor time until ready {used:.1f} s, until all is read {processor_seconds(vault):.1f} s", file=sys.stderr)
        after = callouts(port, key, size, lambda: False)
        time.sleep(3)
        memory = status_of(vault)
        print(f"| {size:,} | {ready:.1f} s | {read:.1f} s | {memory['VmRSS']:.0f} MB | {memory['VmHWM']:.0f} MB | {told(during)} | {told(after)} |", flush=True)
    finally:
        vault.terminate()
        vault.wait()
        log.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,100000,1000000")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--directory")
    parser.add_argument("--priority", type=int, default=0, help="of all that is started (root): a run on a shared machine then gets more of it than its share")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Interrupted."))
    os.nice(options.priority)
    if not options.no_build:
        run(["dotnet", "build", ROOT / "bench/Seed/Vault.Seed.csproj", "-c", "Release"])
    directory = pathlib.Path(options.directory or tempfile.mkdtemp(prefix="vault-million-"))
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)
    server = upstream = None
    try:
        run(["gcc", "-O2", "-o", directory / "upstream", ROOT / "bench/upstream/upstream.c"])
        known = directory / "upstream.port"
        port = int(known.read_text()) if known.exists() else free_port()
        known.write_text(str(port))
        upstream = subprocess.Popen([directory / "upstream", str(port), f"Bearer {TOKEN}"], stdout=subprocess.DEVNULL)
        server = Server(directory)
        print("| named credentials | ready | all read | RSS | peak | callout meanwhile: half / 99 of 100 (how many) | callout after |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for size in options.sizes.split(","):
            measure(int(size), server, directory, port)
    finally:
        if server:
            server.stop()
        if upstream:
            upstream.terminate()
            upstream.wait()
        if not options.directory:
            shutil.rmtree(directory, ignore_errors=True)


main()
