"""bench/rewrap.sh, once everything is installed: seeds, calls out, rotates and rewraps, kills, prints."""
import argparse
import glob
import http.client
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import peers
import report
from machine import BenchError, Machine, Noise, describe, free_port
from vault import Vault

CREDENTIALS_USED = 10
# What a process that was just started compiles isn't the rewrap's doing.
COLD = 5


def arguments():
    parser = argparse.ArgumentParser(prog="bench/rewrap.sh")
    parser.add_argument("--secrets", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgreSql"], default="sqlite")
    parser.add_argument("--connections", type=int, default=4, help="callers (4)")
    parser.add_argument("--rate", type=int, default=200, help="callouts a second, of all callers together (200); 0: each calls without a pause")
    parser.add_argument("--seconds", type=int, default=15, help="before, and after (15)")
    parser.add_argument("--durability", choices=["beforeSend", "beforeResponse", "background"], default="beforeResponse")
    parser.add_argument("--no-kill", action="store_true", help="let it run through")
    parser.add_argument("--no-build", action="store_true", help="measure what the run before built")
    return parser.parse_args()


class Callers:
    """Calls out from several threads; every answer with when it was asked for, how long it took, and its status (0: no answer)."""

    def __init__(self, vault, key, paths, connections, rate):
        self.answers, self.port, self.is_up = [], vault.port, threading.Event()
        self._end, self._headers, self._paths = threading.Event(), {"X-Vault-Key": key}, paths
        self.is_up.set()
        self._pause = connections / rate if rate else 0
        self._threads = [threading.Thread(target=self._call, args=(index,), daemon=True) for index in range(connections)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._end.set()
        self.is_up.set()
        for thread in self._threads:
            thread.join()

    def between(self, begin, end):
        return [answer for answer in self.answers if begin <= answer[0] < end]

    def _call(self, index):
        connection, due, turn = None, time.monotonic() + index * self._pause / len(self._threads or [1]), index
        while not self._end.is_set():
            self.is_up.wait()
            if self._pause:
                # By the clock, so that a slow answer doesn't spare the vault the next one; what the vault was away for isn't made up.
                due = max(due + self._pause, time.monotonic() - self._pause)
                time.sleep(max(0, due - time.monotonic()))
            began = time.monotonic()
            port = self.port
            try:
                if connection is None or connection.port != port:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                turn = (turn + 1) % len(self._paths)
                connection.request("GET", self._paths[turn], headers=self._headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection, status = None, 0
                if not self.is_up.is_set() or port != self.port:
                    continue
            self.answers.append((began, time.monotonic() - began, status))


def percentile(answers, share):
    times = sorted(took for _, took, status in answers if status == 200)
    return times[min(len(times) - 1, int(len(times) * share))] * 1000 if times else None


def start_postgresql(machine):
    """A server of its own, with its defaults but for the port; (environment of a vault, its directory)."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    directory = tempfile.mkdtemp(prefix="vault-bench-pg-")
    as_user = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(directory, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    data, port = directory + "/data", free_port()
    peers.build([([*as_user, f"{programs}/initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"], {})])
    server = machine.start("postgresql", [*as_user, f"{programs}/postgres", "-D", data, "-p", str(port), "-k", directory, "-c", "listen_addresses=127.0.0.1"], None)
    machine.wait_for_port(server, port)
    return {"Vault__Database__Provider": "postgreSql", "ConnectionStrings__Vault": f"Host=127.0.0.1;Port={port};Database=vault;Username=postgres"}, directory, [
        *as_user, f"{programs}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "vault"]


def create_database(command, tries=100):
    """It listens before it answers."""
    for left in reversed(range(tries)):
        try:
            return peers.build([(command, {})])
        except BenchError as error:
            if not left or "starting up" not in str(error):
                raise
            time.sleep(0.2)


def until(vault, operation, beyond):
    """Waits until the rewrap is that far, or over; gives it."""
    while True:
        now = vault.admin("GET", "/api/v1/operations/" + operation)
        if now["status"] != "running" or now["done"] >= beyond:
            return now
        time.sleep(0.25)


def measure(machine, options, env):
    say = lambda text: print(f"[{time.monotonic() - BEGAN:5.0f} s] {text}", file=sys.stderr, flush=True)
    port = free_port()
    service = machine.start("upstream", [str(peers.BUILT / "upstream"), str(port), peers.AUTHORIZATION], None)
    machine.wait_for_port(service, port)
    say(f"seeding {options.secrets:,} secrets")
    data = machine.path("data")
    os.makedirs(data)
    subprocess.run(
        ["dotnet", str(peers.BUILT / "seed/Vault.Seed.dll"), data, str(options.secrets), f"http://127.0.0.1:{port}/service", peers.AUTHORIZATION.removeprefix("Bearer ")],
        capture_output=True, check=True)
    if env:
        # As a vault moves: what is sealed is the same in both.
        peers.build([([str(peers.BUILT / "vault/Vault.Api"), "database", "copy", "--Vault:DataDirectory", data], {"to": env["ConnectionStrings__Vault"]})])
    start = lambda: Vault(machine, "vault", data=data, durability=options.durability, sockets="inline", core=None, env=env)
    vault = start()
    names = [f"Service{index * (options.secrets // CREDENTIALS_USED)}" for index in range(CREDENTIALS_USED)]
    key = vault.app("Bench", names)
    callers = Callers(vault, key, [f"/callout/{name}/record" for name in names], options.connections, options.rate)
    phase = lambda name, peer, begin, end: (name, peer, callers.between(begin, end), end - begin)

    def kill():
        """Kills it and starts it again; (when it was killed, when it was back)."""
        nonlocal vault
        at = time.monotonic()
        callers.is_up.clear()
        os.kill(vault.process.pid, signal.SIGKILL)
        vault.process.child.wait()
        vault.stop()
        vault = start()
        back = time.monotonic()
        callers.port = vault.port
        callers.is_up.set()
        return at, back

    say("warming up")
    time.sleep(COLD)
    say("killed, and before")
    # Whatever a process that just started does more slowly isn't the rewrap's doing: the peer of the one that goes on with it.
    _, back = kill()
    idle, began = Noise.busy(), time.monotonic()
    time.sleep(COLD + options.seconds)
    phases = [phase(f"before, the first {COLD} s of a process", None, back, back + COLD), phase("before, from then on", None, back + COLD, time.monotonic())]

    say("rotating and rewrapping")
    vault.admin("POST", "/api/v1/keys/rotate")
    rewrapped, away = time.monotonic(), 0
    operation = vault.admin("POST", "/api/v1/keys/rewrap")["id"]
    if options.no_kill:
        ended = until(vault, operation, float("inf"))
        over = time.monotonic()
        phases.append(phase("during", 1, rewrapped, over))
    else:
        until(vault, operation, options.secrets // 2)
        at, back = kill()
        away = back - at
        phases.append(phase("during, until `kill -9`", 1, rewrapped, at))
        say(f"back after {away:.1f} s, with {vault.admin('GET', '/api/v1/operations/' + operation)['done']:,} done")
        ended = until(vault, operation, float("inf"))
        over = time.monotonic()
        phases.append(phase(f"during, the first {min(over - back, COLD):.0f} s of the new process", 0, back, min(over, back + COLD)))
        if over > back + COLD:
            phases.append(phase("during, from then on", 1, back + COLD, over))
    say("after")
    time.sleep(options.seconds)
    phases.append(phase("after", 1, over, time.monotonic()))
    busy = (Noise.busy() - idle) / (time.monotonic() - began) / os.cpu_count()
    callers.stop()
    if ended["status"] != "completed":
        raise BenchError(f"The rewrap ended: {ended}")
    verdict = vault.admin("POST", "/api/v1/keys/verify", {})
    audit = vault.admin("POST", "/api/v1/audit/verify", {})
    if not verdict["valid"] or verdict["underOlderKeys"] or not audit["valid"]:
        raise BenchError(f"Not as it should be: {verdict}, {audit}")
    return phases, over - rewrapped - away, away, busy


def render(options, phases, took, away, busy):
    rows = []
    for name, peer, answers, seconds in phases:
        p50, p99 = percentile(answers, 0.5), percentile(answers, 0.99)
        before = None if peer is None else percentile(phases[peer][2], 0.99)
        failed = sum(status != 200 for _, _, status in answers)
        rows.append([name, f"{len(answers) / seconds:,.0f}", report.number(p50, 2), report.number(p99, 1), report.times(p99 / before if p99 and before else None), str(failed)])
    away = f"; away for {away:.1f} s by `kill -9`, then it went on from where it was" if away else ""
    return (f"`./bench/rewrap.sh {' '.join(sys.argv[1:])}` on {describe(subprocess.run(['dotnet', '--version'], capture_output=True, text=True, check=True).stdout.strip())}; "
            f"{busy:.0%} of it busy, all told.\n\n"
            f"{options.secrets:,} secrets on {options.database} rewrapped in {took:.0f} s{away}; everything opens under the new key, and the audit is whole.\n\n"
            + report.table(["callouts", "a second", "p50 ms", "p99 ms", "× p99 before", "failed"], rows))


def main():
    options = arguments()
    machine, directory = Machine(), None
    try:
        if not options.no_build:
            runtime = "linux-" + {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]
            peers.BUILT.mkdir(parents=True, exist_ok=True)
            peers.build([
                (["gcc", "-O2", "-o", str(peers.BUILT / "upstream"), str(peers.BENCH / "upstream/upstream.c")], {}),
                (["dotnet", "publish", "src/Vault.Api", "-c", "Release", f"-p:RuntimeIdentifier={runtime}", "-o", str(peers.BUILT / "vault"), "--nologo", "-v", "quiet"], {}),
                (["dotnet", "publish", "bench/Seed", "-c", "Release", "-o", str(peers.BUILT / "seed"), "--nologo", "-v", "quiet"], {})])
        env = {}
        if options.database == "postgreSql":
            env, directory, create = start_postgresql(machine)
            create_database(create)
        measured = measure(machine, options, env)
    except BenchError as error:
        print(f"bench/rewrap.sh: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench/rewrap.sh: interrupted", file=sys.stderr)
        return 130
    finally:
        machine.close()
        if directory:
            shutil.rmtree(directory, ignore_errors=True)
    text = render(options, *measured)
    print(text)
    results = peers.BENCH / "results"
    results.mkdir(exist_ok=True)
    (results / f"rewrap-{options.database}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.md").write_text(text)
    return 0 if all(status == 200 for _, _, answers, _ in measured[0] for _, _, status in answers) else 1


BEGAN = time.monotonic()
sys.exit(main())
