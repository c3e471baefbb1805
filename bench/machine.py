"""Describe the machine that was measured."""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path


def description() -> dict[str, str]:
    """Return the description in words, line by line."""
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "node": _node(),
        "disk": _file_system(Path(tempfile.gettempdir())),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        return "none"
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()


def _file_system(folder: Path) -> str:
    """Return the logs' file system and mount options: on a tmpfs no write is ever synced."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [(place, kind) for _, place, kind, *_ in mounts if folder.is_relative_to(place)]
    place, kind = max(holding, key=lambda mount: len(mount[0]), default=("?", "?"))
    return f"{kind} at {place}"
