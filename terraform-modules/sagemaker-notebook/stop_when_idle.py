"""Stops this notebook instance when nothing has moved in Jupyter for so many minutes.

    python3 stop_when_idle.py 60

The instance's lifecycle configuration lets cron run it. A busy kernel is never idle, however long its cell takes.
"""

import json
import ssl
import subprocess
import sys
import time
import urllib.request
from datetime import datetime
from pathlib import Path

JUPYTER = "https://localhost:8443"  # with a certificate of its own, and no token from inside the machine
METADATA = Path("/opt/ml/metadata/resource-metadata.json")
UPTIME = Path("/proc/uptime")


def moments(things, now):
    """Yield when each kernel or terminal last did something; one that is busy does it now."""
    for thing in things:
        busy = thing.get("execution_state") == "busy"
        yield now if busy else datetime.fromisoformat(thing["last_activity"].replace("Z", "+00:00")).timestamp()


def idle_seconds(things, uptime, now):
    """Return for how long nothing has happened; a machine without kernels has been idle since it started."""
    return now - max([now - uptime, *moments(things, now)])


def ask(path):
    """Return what Jupyter, on this very machine, says."""
    context = ssl._create_unverified_context()  # noqa: S323  nobody could have signed a certificate for localhost
    with urllib.request.urlopen(JUPYTER + path, context=context, timeout=20) as answer:  # noqa: S310
        return json.load(answer)


def main():
    limit = int(sys.argv[1]) * 60
    uptime = float(UPTIME.read_text().split()[0])
    idle = idle_seconds([*ask("/api/kernels"), *ask("/api/terminals")], uptime, time.time())
    print(f"idle for {idle / 60:.0f} of {limit // 60} minutes")
    if idle < limit:
        return
    about = json.loads(METADATA.read_text())
    region = about["ResourceArn"].split(":")[3]
    stop = ["aws", "sagemaker", "stop-notebook-instance", "--region", region]
    subprocess.run([*stop, "--notebook-instance-name", about["ResourceName"]], check=True)


if __name__ == "__main__":
    main()
