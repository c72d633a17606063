"""Load on one contender, and what it did to it."""
import dataclasses
import os
import pathlib
import re
import resource
import statistics
import subprocess
import time

from machine import LOAD_CORE, BenchError, Noise, child_setup

LUA = str(pathlib.Path(__file__).parent.parent / "load/report.lua")


@dataclasses.dataclass
class Run:
    """One measurement."""
    rps: float
    p50: float = 0  # µs
    p99: float = 0
    cpu: float = 0  # µs per request
    errors: int = 0


@dataclasses.dataclass
class Target:
    """What is loaded: an address, the process that works for it, and what is sent."""
    name: str
    url: str
    process: object
    key: str = ""
    body: str = ""
    authorization: str = ""
    paths: int = 0
    path_step: int = 1
    http2: bool = False
    compiles: bool = True  # while it runs: it is slow at first


class Runs:
    """All measurements, by contender and connections."""

    def __init__(self):
        self.all = {}

    def add(self, name, connections, run):
        self.all.setdefault((name, connections), []).append(run)

    def has(self, name, connections):
        return (name, connections) in self.all

    def values(self, name, connections, field):
        return [getattr(run, field) for run in self.all.get((name, connections), [])]

    def median(self, name, connections, field):
        values = self.values(name, connections, field)
        return statistics.median(values) if values else None


class Load:
    """wrk and h2load on the load's core."""

    def __init__(self, upstreams):
        self.upstreams = upstreams
        self.noise = Noise()
        self.errors = []

    def run(self, target, connections, seconds):
        busy, began = Noise.busy(), time.monotonic()
        own = sum(process.cpu_seconds() for process in self.upstreams)
        cpu = target.process.cpu_seconds()
        run, duration = (self._h2load if target.http2 else self._wrk)(target, connections, seconds)
        used = target.process.cpu_seconds() - cpu
        own = sum(process.cpu_seconds() for process in self.upstreams) - own
        if target.process not in self.upstreams:
            own += used
        self.noise.add(Noise.busy() - busy, own + self._spent, time.monotonic() - began)
        run.cpu = used * 1e6 / max(1, run.rps * duration)
        if run.errors:
            self.errors.append(f"{target.name} at c={connections}: {run.errors} answers that were not 200, or broken connections")
        return run

    def _exec(self, command, env, timeout):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            command, env={**os.environ, **env}, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL,
            preexec_fn=child_setup(LOAD_CORE))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.stdout + done.stderr

    def _wrk(self, target, connections, seconds):
        env = {"BENCH_PATHS": str(target.paths), "BENCH_PATH_STEP": str(target.path_step)}
        if target.key:
            env["BENCH_KEY"] = target.key
        if target.authorization:
            env["BENCH_LOAD_AUTHORIZATION"] = target.authorization
        if target.body:
            env |= {"BENCH_METHOD": "POST", "BENCH_BODY_FILE": target.body}
        output = self._exec(
            ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "--timeout", "20s", "-s", LUA, target.url], env, seconds + 60)
        match = re.search(r"^BENCH (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", output, re.M)
        if not match:
            raise BenchError(f"wrk on {target.name}: {output}")
        requests, micros, status, broken, p50, p99 = map(int, match.groups())
        return Run(requests * 1e6 / micros, p50, p99, 0, status + broken), micros / 1e6

    def _h2load(self, target, connections, seconds):
        # A quarter as many connections with four streams each: as many requests under way as elsewhere.
        clients = max(1, connections // 4)
        output = self._exec(
            ["h2load", "-t", "1", "-c", str(clients), "-m", str(max(1, connections // clients)), "-D", str(max(1, round(seconds))),
             "-H", "X-Vault-Key: " + target.key, target.url], {}, seconds + 60)
        rate = re.search(r"finished in ([\d.]+)(m?s), ([\d.]+) req/s", output)
        counts = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output)
        if not rate or not counts:
            raise BenchError(f"h2load on {target.name}: {output}")
        duration = float(rate[1]) / (1000 if rate[2] == "ms" else 1)
        return Run(int(counts[1]) / duration, errors=sum(int(counts[i]) for i in (2, 3, 4))), duration
