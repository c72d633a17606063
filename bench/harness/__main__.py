"""bench/run.sh, once everything is installed: builds, starts, measures in turns, prints."""
import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import ladder
import peers
import report
from load import Load, Runs, Target
from machine import LOAD_CORE, BenchError, Machine, Priority, describe, free_port
from vault import Vault

LEVELS = (1, 16, 64)
DIRECT = "no proxy (direct)"
VAULT = "**vault**, audit `background`"
SHIPPED = "**vault**, as shipped (`beforeResponse`)"
SAME, DEFAULT = "bare YARP, sockets as the vault's", "bare YARP, default sockets"
BEFORE_SEND = "audit `beforeSend`"


class Deadline(Exception):
    """The time is over; what was measured is reported."""


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--quick", action="store_true", help="under 3 minutes: shorter, one round, neither many credentials nor allocations")
    parser.add_argument("--rounds", type=int, help="rounds over all contenders (3; quick: 1)")
    parser.add_argument("--seconds", type=int, help="of each measurement (2; quick: 1)")
    parser.add_argument("--warm", type=int, help="longest warm-up of each contender, seconds (30; quick: 12)")
    parser.add_argument("--credentials", type=int, help="of the large vault (100,000; quick: none)")
    parser.add_argument("--sockets", choices=["default", "inline"], default="inline",
                        help="Vault:InlineSockets, and the same for the bare YARP that is to have the vault's settings")
    parser.add_argument("--no-build", action="store_true", help="measure what the run before built")
    parser.add_argument("--only", choices=["peers", "ladder"], help="one part alone")
    parser.add_argument("--soak", type=int, metavar="MINUTES", help="after everything else, load at c=64 and watch the vault's memory")
    parser.add_argument("--priority", type=int, default=0, metavar="NICE", help="nice value of everything measured, for a machine that others use too (-20 to 0; root)")
    options = parser.parse_args()
    Priority.level = options.priority
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (1 if options.quick else 2)
    options.warm = options.warm or (12 if options.quick else 30)
    options.credentials = options.credentials or (0 if options.quick else 100_000)
    return options


class Bench:
    def __init__(self, machine, options):
        self.machine, self.options = machine, options
        self.runs = Runs()
        self.contenders, self.rungs, self.large = [], [], []
        self.figures, self.notes = {}, []
        self.step = ""

    def say(self, text):
        self.step = text
        print(f"[{time.monotonic() - BEGAN:5.0f} s] {text}", file=sys.stderr, flush=True)

    def run(self):
        options, machine = self.options, self.machine
        if not options.no_build:
            self.say("building")
            peers.build(peers.build_commands() + [
                (["dotnet", "publish", "src/Vault.Api", "-c", "Release", f"-p:RuntimeIdentifier={runtime_id()}",
                  "-o", str(peers.BUILT / "vault"), "--nologo", "-v", "quiet"], {}),
                (["dotnet", "publish", "bench/Seed", "-c", "Release", "-o", str(peers.BUILT / "seed"), "--nologo", "-v", "quiet"], {}),
                (["dotnet", "build", "tests/Vault.Performance.Tests", "-c", "Release", "--nologo", "-v", "quiet"], {})])

        # The rest has its time whatever the build took.
        signal.alarm((5 if options.quick else 15) * 60 + (options.soak or 0) * 61)

        # Python itself shares the load's core.
        os.sched_setaffinity(0, {LOAD_CORE})
        self.upstream = free_port()
        service = machine.start("upstream", [str(peers.BUILT / "upstream"), str(self.upstream), peers.AUTHORIZATION, ladder.BASIC], LOAD_CORE)
        machine.wait_for_port(service, self.upstream)
        tls, tls_port, certificate = ladder.start_tls(machine)
        self.load = Load([service, tls])

        self.say("starting and seeding")
        self.body = machine.path("body-1k")
        pathlib.Path(self.body).write_text(ladder.BODY)
        self.vault = Vault(machine, "vault", sockets=options.sockets, http2=True)
        self.key = ladder.define(self.vault, self.upstream, tls_port, certificate)
        self.shipped = self.other("vault as shipped", None)
        self.peers = peers.start(machine, self.upstream, options.sockets)
        direct = Target(DIRECT, f"http://127.0.0.1:{self.upstream}/service/record", service, authorization=peers.AUTHORIZATION, compiles=False)
        contenders = [
            direct, Target(VAULT, self.vault.url("Plain"), self.vault.process, self.key),
            Target(SHIPPED, self.shipped.target.url, self.shipped.process, self.shipped.target.key), *self.peers]
        for target in contenders[1:]:
            ladder.check(target)

        if options.only != "ladder":
            self.warm(contenders, options.warm)
            self.say(f"peers: {options.rounds} rounds")
            self.contenders = [target.name for target in contenders]
            self.rounds(contenders, LEVELS, options.rounds)
        if options.only != "peers":
            self.measure_ladder()
        if options.soak:
            self.soak()

    def other(self, name, durability, sockets=None):
        """A vault of its own with one plain named credential."""
        vault = Vault(self.machine, name, durability=durability, sockets=sockets or self.options.sockets)
        vault.define("Plain", f"http://127.0.0.1:{self.upstream}/service", peers.AUTHORIZATION)
        vault.target = Target(name, vault.url("Plain"), vault.process, vault.app("Bench", ["Plain"]))
        return vault

    def warm(self, targets, longest):
        self.say("warming up")
        for target in targets:
            # Until it gets no faster, with rests and on both cores: the runtimes that compile while they run do it behind the load.
            best, since, began = 0, 0, time.monotonic()
            until = longest if target.compiles else 1
            target.process.unpin()
            while since < until / 5 and time.monotonic() - began < until:
                rps = self.load.run(target, 16, 1).rps
                best, since = (rps, 0) if rps > best * 1.03 else (best, since + 1)
                time.sleep(0.2)
            target.process.pin()

    def rounds(self, targets, levels, count):
        for index in range(count):
            for target in targets:
                for connections in levels:
                    self.runs.add(target.name, connections, self.load.run(target, connections, self.options.seconds))
            self.say(f"round {index + 1} of {count}")

    def measure_ladder(self):
        options, machine = self.options, self.machine
        targets = ladder.targets(self.vault, self.key, self.body)
        for target in targets:
            merged = "merge" in target.name
            ladder.check(target, self.body if target.body else None, ladder.RESOLVED if merged else len(ladder.BODY) if target.body else None)
        nginx = next(target for target in self.peers if target.name == "nginx")
        nginx_post = Target("(nginx, POST 1 KB)", nginx.url, nginx.process, nginx.key, self.body, compiles=False)
        ladder.check(nginx_post, self.body, len(ladder.BODY))
        targets.insert(4, nginx_post)
        before_send = self.other(BEFORE_SEND, "beforeSend")
        audits = [targets[0], Target("audit `beforeResponse`", self.shipped.target.url, self.shipped.process, self.shipped.target.key), before_send.target]
        targets += audits[1:]
        if options.sockets == "inline":
            targets.append(self.other("Vault:InlineSockets=false", "background", "default").target)
        self.warm(targets, options.warm / 3)
        self.say("ladder")
        rounds = max(1, options.rounds - 1)
        self.rungs = [target.name for target in targets]
        self.rounds(targets, (16, 64), rounds)
        self.rounds(audits, (256,), rounds)
        self.figures["rss loaded"] = self.vault.process.rss()

        self.say("1 MiB and 1 GiB bodies, cold starts")
        megabytes = [
            Target("1 MiB down, searched for echoes", self.vault.url("Plain", "/1m"), self.vault.process, self.key),
            Target("1 MiB down, redaction off", self.vault.url("Unredacted", "/1m"), self.vault.process, self.key)]
        self.large = [target.name for target in megabytes]
        self.rounds(megabytes, (4,), rounds)
        self.figures["gigabytes"] = ladder.large_bodies(machine, self.vault, self.key)
        self.figures["rss end"] = self.vault.process.rss()
        before_send.stop()
        self.figures["cold starts"] = ladder.cold_starts(machine, before_send.data, 3 if options.quick else 7)

        if options.credentials:
            self.measure_credentials()
        if not options.quick:
            self.allocations()

    def measure_credentials(self):
        options, machine = self.options, self.machine
        self.say(f"{options.credentials:,} credentials")
        few, few_target, _ = ladder.seeded(machine, self.upstream, 10, "vault with 10", options.sockets)
        many, many_target, self.figures["seeding"] = ladder.seeded(machine, self.upstream, options.credentials, "vault with many", options.sockets)
        self.figures["rss few"], self.figures["rss many"] = few.process.rss(), many.process.rss()
        self.figures["start many"] = many.start_seconds
        self.few, self.many = few_target.name, many_target.name
        self.warm([few_target, many_target], options.warm)
        self.rungs += [self.few, self.many]
        self.rounds([few_target, many_target], (16, 64), options.rounds)
        few.stop()
        many.stop()

    def allocations(self):
        """What tests/Vault.Performance.Tests measures in one process."""
        self.say("allocations")
        file = self.machine.path("allocations.json")
        test = self.machine.start(
            "allocations", ["dotnet", "test", str(peers.BENCH.parent / "tests/Vault.Performance.Tests"), "-c", "Release", "--no-build", "--nologo"], None,
            {"VAULT_PERFORMANCE_REPORT": file})
        failed = test.child.wait() != 0
        if not os.path.exists(file):
            raise BenchError(test.tail())
        if failed:
            self.notes.append("tests/Vault.Performance.Tests fails: a callout allocates more than the committed baseline allows.")
        figures = json.loads(pathlib.Path(file).read_text())
        self.figures["allocated"] = figures["plain, audit background"]["bytesPerCallout"]
        self.figures["allocations"] = figures

    def soak(self):
        target = Target(ladder.PLAIN, self.vault.url("Plain"), self.vault.process, self.key)
        rows = []
        for minute in range(self.options.soak + 1):
            rows.append([str(minute), f"{self.vault.process.rss() / 2**20:,.0f}"])
            if minute < self.options.soak:
                self.say(f"soak, minute {minute + 1}")
                self.load.run(target, 64, 60)
            self.figures["soak"] = rows

    def sections(self):
        """Tables of what was measured."""
        runs, figures, mib = self.runs, self.figures, 2**20
        if self.contenders:
            yield "## Peers\n\n" + report.contenders(runs, self.contenders, LEVELS, SAME, DEFAULT)
        if self.rungs:
            yield "## The vault's ladder\n\n" + report.ladder(runs, self.rungs, (16, 64, 256), ladder.PLAIN)
        if self.large:
            rows = [[name, report.spread([rps * mib / 1e6 for rps in runs.values(name, 4, "rps")]), report.spread([cpu / 1000 * 1024 for cpu in runs.values(name, 4, "cpu")]), "–"]
                    for name in self.large]
            rows += [[name, f"{rate:,.0f}", f"{cpu * 1000:,.0f}", f"{before / mib:,.0f} → {peak / mib:,.0f}"] for name, rate, cpu, before, peak in figures.get("gigabytes", [])]
            yield "## Large bodies\n\n" + report.table(["what", "MB/s", "CPU ms per GiB", "RSS before → peak, MiB"], rows)
        count = f"{self.options.credentials:,} credentials"
        texts = {
            "RSS with 10 credentials, started anew": ("rss few", lambda rss: f"{rss / mib:,.0f} MiB"),
            f"RSS with {count}, started anew": ("rss many", lambda rss: f"{rss / mib:,.0f} MiB"),
            "RSS after all load of small bodies": ("rss loaded", lambda rss: f"{rss / mib:,.0f} MiB"),
            "RSS after the large bodies too": ("rss end", lambda rss: f"{rss / mib:,.0f} MiB"),
            "process start to ready, existing database, both cores": ("cold starts", lambda starts: report.spread([second * 1000 for second in starts]) + " ms"),
            f"the same with {count}, one core": ("start many", lambda second: f"{second * 1000:,.0f} ms"),
            "seeding by bench/Seed, a hundred credentials to a transaction": ("seeding", lambda rate: f"{rate:,.0f} credentials/s"),
        }
        rows = [[name, text(figures[key])] for name, (key, text) in texts.items() if key in figures]
        if rows:
            yield "## Size and start\n\n" + report.table(["what", "figure"], rows)
        if "allocations" in figures:
            yield "## Allocated per callout (in one process, one connection)\n\n" + report.table(
                ["callout", "bytes", "Gen 0 / 1 / 2 collections"],
                [[name, f"{each['bytesPerCallout']:,.0f}", f"{each['gen0']} / {each['gen1']} / {each['gen2']} in {each['callouts']:,} callouts"] for name, each in figures["allocations"].items()])
        if "soak" in figures:
            yield "## Memory under load\n\n" + report.table(["minute", "RSS MiB"], figures["soak"])

    def targets(self):
        runs, figures, targets = self.runs, self.figures, report.Targets()
        best = lambda name, other, level: report.ratio(runs, name, other, level)
        for level in (16, 64):
            targets.at_least(f"RPS ≥ 0.90x bare YARP, same sockets, c={level}", 0.90, best(VAULT, SAME, level))
            targets.at_least(f"RPS ≥ 1.35x bare YARP, default sockets, c={level}", 1.35, best(VAULT, DEFAULT, level))
            targets.at_least(f"RPS ≥ 0.60x nginx, GET, c={level}", 0.60, best(VAULT, "nginx", level))
            targets.at_least(f"RPS ≥ 0.52x nginx, POST 1 KB with merge fields, c={level}", 0.52, best("POST 1 KB, two merge fields", "(nginx, POST 1 KB)", level))
            targets.at_least(f"RPS ≥ 1.6x Go, c={level}", 1.6, best(VAULT, "Go ReverseProxy", level))
            targets.at_least(f"RPS ≥ 2.2x Caddy, c={level}", 2.2, best(VAULT, "Caddy", level))
            targets.at_least(f"RPS ≥ 25x mitmproxy, c={level}", 25, best(VAULT, "mitmproxy", level))
        for name, label, limit in ((VAULT, "plaintext", 45), ("TLS to upstream", "TLS upstream", 65)):
            for level in (16, 64):
                cpu = runs.median(name, level, "cpu")
                targets.at_most(f"CPU per callout ≤ {limit} µs, {label}, c={level}", limit, cpu, f"{cpu or 0:.1f} µs")
        mine, direct = runs.median(VAULT, 1, "p50"), runs.median(DIRECT, 1, "p50")
        added = mine - direct if mine and direct else None
        targets.at_most("p50 added at c=1 ≤ 60 µs", 60, added, f"{added or 0:.0f} µs")
        p99 = report.ratio(runs, VAULT, "nginx", 16, "p99")
        targets.at_most("p99 at c=16 ≤ 1.5x nginx's", 1.5, p99, report.times(p99))
        allocated = figures.get("allocated")
        if self.options.quick:
            targets.elsewhere("allocation ≤ 2.4 KB per callout", "a full run, and `tests/Vault.Performance.Tests`")
        else:
            targets.at_most("allocation ≤ 2.4 KB per callout", 2400, allocated, f"{allocated or 0:,.0f} B")
        for level in (64, 256):
            targets.at_least(f"`beforeResponse` ≥ 0.85x `background`, c={level}", 0.85, best("audit `beforeResponse`", ladder.PLAIN, level))
        count = self.options.credentials
        more = (figures["rss many"] - figures["rss few"]) / 1e6 if "rss many" in figures else None
        lookup = report.ratio(runs, self.many, self.few, 16) if "rss many" in figures else None
        if count < 100_000:
            # A smaller vault can't reach it for a larger one.
            targets.elsewhere("100,000 credentials: ≤ 200 MB RSS above a vault's with 10", f"a full run; {more:.0f} MB with {count:,}" if count else "a full run")
            targets.elsewhere("100,000 credentials: lookups as fast as with 10", f"a full run; {report.times(lookup)} with {count:,}" if count else "a full run")
        else:
            targets.at_most("100,000 credentials: ≤ 200 MB RSS above a vault's with 10", 200, more, f"{more or 0:.0f} MB")
            targets.at_least("100,000 credentials: lookups as fast as with 10 (≥ 0.95x, c=16)", 0.95, lookup)
        start = ladder.median(figures.get("cold starts"))
        targets.at_most("start to ready ≤ 0.5 s", 0.5, start, f"{(start or 0) * 1000:.0f} ms")
        growth = max((peak - before for _, _, _, before, peak in figures["gigabytes"]), default=0) / 2**20 if "gigabytes" in figures else None
        targets.at_most("memory flat over a 1 GiB body (≤ 64 MiB above)", 64, growth, f"{growth or 0:.0f} MiB above")
        if "soak" in figures:
            rows = [float(row[1].replace(",", "")) for row in figures["soak"]]
            targets.at_most(f"memory flat over {len(rows) - 1} minutes of load (≤ 10 % above minute 1)", 1.1, rows[-1] / rows[min(1, len(rows) - 1)], f"{rows[min(1, len(rows) - 1)]:.0f} → {rows[-1]:.0f} MiB")
        else:
            targets.elsewhere("memory flat over 10 minutes of load", "`./bench/run.sh --soak 10`")
        targets.elsewhere("merge search ≥ 20 GB/s, redaction ≥ 3 GB/s", "`bench/micro`")
        return str(targets)


def runtime_id():
    return "linux-" + {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]


def render(bench, command, dotnet):
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [
        f"# Benchmark of {now:%Y-%m-%d %H:%M} UTC\n",
        f"`{command}` on {describe(dotnet)}; at {commit()}. Proxy on core 0, load and upstream on core 1; vault's socket settings: {bench.options.sockets}; "
        f"{bench.options.rounds} rounds of {bench.options.seconds} s, median (min–max).\n"]
    if hasattr(bench, "load"):
        lines.append(f"Somebody else used {bench.load.noise}. Load average now: {open('/proc/loadavg').read().split()[0]}.\n")
        bench.notes += bench.load.errors[:10]
    if bench.notes:
        lines.append("**Read the figures with this in mind:**\n\n" + "\n".join(f"- {note}" for note in bench.notes) + "\n")
    lines += [*bench.sections(), "## Targets\n\n" + bench.targets()]
    return "\n".join(lines)


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=peers.BENCH, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "an unknown commit"


def dotnet_version():
    done = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True, check=True)
    return re.findall(r"Microsoft\.AspNetCore\.App (\S+)", done.stdout)[-1]


def main():
    options = arguments()
    if os.cpu_count() < 2:
        print("bench/run.sh: two cores are needed, one for the proxy and one for load and upstream.", file=sys.stderr)
        return 2
    dotnet = dotnet_version()
    machine = Machine()
    bench = Bench(machine, options)

    def over(number, frame):
        raise Deadline

    signal.signal(signal.SIGALRM, over)
    code = 0
    try:
        bench.run()
    except Deadline:
        bench.notes.append(f"The time was over during: {bench.step}. What comes after it is not measured.")
        code = 1
    except BenchError as error:
        print(f"bench/run.sh: {error}", file=sys.stderr)
        bench.notes.append(f"It failed during: {bench.step}.")
        code = 1
    except KeyboardInterrupt:
        print("bench/run.sh: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.alarm(0)
        machine.close()
    if not bench.runs.all:
        return code
    text = render(bench, " ".join(["./bench/run.sh", *sys.argv[1:]]), dotnet)
    results = peers.BENCH / "results"
    results.mkdir(exist_ok=True)
    file = results / f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%d-%H%M%S}.md"
    file.write_text(text)
    print(text)
    print(f"[{time.monotonic() - BEGAN:5.0f} s] kept in {file}", file=sys.stderr)
    return code


BEGAN = time.monotonic()
sys.exit(main())
