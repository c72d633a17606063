"""Processes that are started, pinned, measured and stopped; ports; the machine."""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROXY_CORE, LOAD_CORE = 0, 1
_TICK = os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None)


class BenchError(Exception):
    """The benchmark can't go on; the message says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Priority:
    """On a machine that others use too, root may give the benchmark more of it than its share."""
    level = 0

    @classmethod
    def apply(cls):
        """In a child, once it has a session of its own: Linux weighs sessions (autogroups) before processes."""
        if cls.level:
            os.setpriority(os.PRIO_PROCESS, 0, cls.level)
            if os.path.exists("/proc/self/autogroup"):
                with open("/proc/self/autogroup", "w") as group:
                    group.write(str(cls.level))


def child_setup(core):
    """For a child: a session of its own, its priority, its core; it dies with the benchmark, whatever becomes of that."""
    def prepare():
        os.setsid()
        _libc.prctl(1, signal.SIGKILL)
        Priority.apply()
        os.sched_setaffinity(0, {core} if core is not None else range(os.cpu_count()))
    return prepare


class Process:
    """A program on one core (or all: core None). Its children count with it."""

    def __init__(self, name, command, core, log, env=None):
        self.name, self.log, self.core = name, log, core
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=child_setup(core), env={**os.environ, **(env or {})})
        self.pid = self.child.pid

    def pids(self):
        """The process and its children's children."""
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    waiting += [int(child) for child in task.read_text().split()]
                except OSError:
                    pass
        return found

    def unpin(self):
        """On all cores, until pinned again."""
        self._set_cores(range(os.cpu_count()))

    def pin(self):
        """On its own core."""
        if self.core is not None:
            self._set_cores({self.core})

    def _set_cores(self, cores):
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").glob("[0-9]*"):
                try:
                    os.sched_setaffinity(int(task.name), cores)
                except ProcessLookupError:
                    pass

    def cpu_seconds(self):
        """User and system time of the process and its children."""
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / _TICK

    def rss(self, field="VmRSS"):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1]) * 1024
        return total

    def reset_peak(self):
        """From here on VmHWM is the peak from here on."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def alive(self):
        return self.child.poll() is None

    def tail(self):
        return pathlib.Path(self.log).read_text(errors="replace")[-2000:]

    def stop(self, kill_after=10):
        if self.alive():
            self.child.terminate()
            try:
                self.child.wait(kill_after)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()


class Machine:
    """Everything that was started and written, gone at the end."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="vault-bench-")
        self.processes = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupted)

    @staticmethod
    def _interrupted(number, frame):
        raise KeyboardInterrupt

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, name, command, core, env=None):
        process = Process(name, command, core, self.path(name.replace(" ", "-").replace("/", "-") + ".log"), env)
        self.processes.append(process)
        return process

    def stop(self, process):
        process.stop()
        self.processes.remove(process)

    def close(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self.processes):
            process.stop(kill_after=3)
        shutil.rmtree(self.directory, ignore_errors=True)

    def wait_for_port(self, process, port, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not process.alive():
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise BenchError(f"{process.name} does not listen on {port}:\n{process.tail()}")

    def fill(self, template, name, **values):
        """Writes a configuration made of a template with @NAMES@."""
        text = pathlib.Path(template).read_text()
        for key, value in {"DIR": self.directory, **values}.items():
            text = text.replace(f"@{key}@", str(value))
        target = self.path(name)
        pathlib.Path(target).write_text(text)
        return target


class Noise:
    """How much of the machine somebody else used: what isn't the benchmark's own, as a share of both cores."""

    def __init__(self):
        self.shares = []

    @staticmethod
    def busy():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return (sum(fields) - fields[3] - fields[4]) / _TICK

    def add(self, busy, own, seconds):
        self.shares.append(max(0.0, (busy - own) / (seconds * os.cpu_count())))

    def __str__(self):
        ordered = sorted(self.shares) or [0]
        return f"{ordered[len(ordered) // 2]:.0%} of the machine in the median run, {ordered[-1]:.0%} in the worst"


def describe(dotnet):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), os.uname().machine)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {os.uname().release}, .NET {dotnet}"
