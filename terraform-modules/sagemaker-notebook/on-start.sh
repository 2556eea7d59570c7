#!/bin/bash
# Has cron look every five minutes whether anybody still works here.
set -euo pipefail

cat > /usr/local/bin/stop_when_idle.py <<'PROGRAM'
${program}
PROGRAM

echo '*/5 * * * * root /usr/bin/python3 /usr/local/bin/stop_when_idle.py ${idle_minutes} 2>&1 | logger -t stop-when-idle' \
  > /etc/cron.d/stop-when-idle
