"""The peers: all check the key against eight, remove it, and set Authorization; one worker, keep-alive to the service."""
import os
import pathlib
import subprocess

from load import Target
from machine import PROXY_CORE, BenchError, free_port

BENCH = pathlib.Path(__file__).resolve().parent.parent
BUILT = BENCH.parent / "artifacts/bench"
AUTHORIZATION = "Bearer bench-0f8b1c6e5d4a49b7a2c3d4e5f6a7b8c9"
KEYS = [f"vk_bench{index:04d}_0123456789abcdef0123456789abcdef0123456{index:02d}" for index in range(8)]
KEY = KEYS[5]


def build(commands):
    """Runs builds and says what failed."""
    for command, env in commands:
        done = subprocess.run(command, env={**os.environ, **env}, cwd=BENCH.parent, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise BenchError(f"{' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def build_commands():
    BUILT.mkdir(parents=True, exist_ok=True)
    go = {"GOCACHE": str(BUILT / "go-cache"), "GO111MODULE": "off", "GOFLAGS": ""}
    return [
        (["gcc", "-O2", "-o", str(BUILT / "upstream"), str(BENCH / "upstream/upstream.c")], {}),
        (["go", "build", "-o", str(BUILT / "goproxy"), str(BENCH / "peers/go/main.go")], go),
        (["dotnet", "publish", "bench/BareYarp", "-c", "Release", "-o", str(BUILT / "bareyarp"), "--nologo", "-v", "quiet"], {}),
    ]


def _yarp(machine, upstream, sockets):
    port = free_port()
    process = machine.start(
        f"bare YARP {sockets}",
        ["dotnet", str(BUILT / "bareyarp/BareYarp.dll"), str(port), f"http://127.0.0.1:{upstream}/", AUTHORIZATION, *KEYS],
        PROXY_CORE, {"BENCH_SOCKETS": sockets, "DOTNET_gcServer": "0"})
    return port, process


def _nginx(machine, upstream):
    port = free_port()
    config = machine.fill(
        BENCH / "peers/nginx.conf", "nginx-proxy.conf", PORT=port, UPSTREAM=upstream, AUTHORIZATION=AUTHORIZATION,
        KEYS="\n    ".join(f'"{key}" 1;' for key in KEYS))
    return port, machine.start("nginx", ["nginx", "-e", "stderr", "-p", machine.directory, "-c", config], PROXY_CORE)


def _haproxy(machine, upstream):
    port = free_port()
    config = machine.fill(
        BENCH / "peers/haproxy.cfg", "haproxy.cfg", PORT=port, UPSTREAM=upstream, AUTHORIZATION=AUTHORIZATION, KEYS=" ".join(KEYS))
    return port, machine.start("HAProxy", ["haproxy", "-db", "-f", config], PROXY_CORE)


def _go(machine, upstream):
    port = free_port()
    return port, machine.start(
        "Go ReverseProxy", [str(BUILT / "goproxy"), f"127.0.0.1:{port}", f"http://127.0.0.1:{upstream}", AUTHORIZATION, *KEYS], PROXY_CORE)


def _caddy(machine, upstream):
    port = free_port()
    config = machine.fill(
        BENCH / "peers/Caddyfile", "Caddyfile", PORT=port, UPSTREAM=upstream, AUTHORIZATION=AUTHORIZATION,
        KEYS="\n".join(f"\t\theader X-Vault-Key {key}" for key in KEYS))
    home = {"HOME": machine.directory, "XDG_CONFIG_HOME": machine.directory, "XDG_DATA_HOME": machine.directory}
    return port, machine.start("Caddy", ["caddy", "run", "--config", config, "--adapter", "caddyfile"], PROXY_CORE, home)


def _mitmproxy(machine, upstream):
    port = free_port()
    env = {"BENCH_KEYS": " ".join(KEYS), "BENCH_AUTHORIZATION": AUTHORIZATION, "HOME": machine.directory}
    return port, machine.start(
        "mitmproxy",
        ["mitmdump", "-q", "--listen-host", "127.0.0.1", "-p", str(port), "--mode", f"reverse:http://127.0.0.1:{upstream}",
         "--set", "flow_detail=0", "-s", str(BENCH / "peers/mitmproxy_addon.py")], PROXY_CORE, env)


def start(machine, upstream, same_sockets):
    """Starts all peers; the name of bare YARP tells its socket settings."""
    starts = [
        ("bare YARP, sockets as the vault's", lambda: _yarp(machine, upstream, same_sockets)),
        ("bare YARP, default sockets", lambda: _yarp(machine, upstream, "default")),
        ("nginx", lambda: _nginx(machine, upstream)),
        ("HAProxy", lambda: _haproxy(machine, upstream)),
        ("Go ReverseProxy", lambda: _go(machine, upstream)),
        ("Caddy", lambda: _caddy(machine, upstream)),
        ("mitmproxy", lambda: _mitmproxy(machine, upstream)),
    ]
    targets = []
    for name, begin in starts:
        port, process = begin()
        machine.wait_for_port(process, port)
        targets.append(Target(name, f"http://127.0.0.1:{port}/service/record", process, KEY, compiles="YARP" in name))
    return targets
