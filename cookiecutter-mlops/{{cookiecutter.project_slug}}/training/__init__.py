"""Training: how a model is made, judged and sealed. Start reading at training/train.py."""

import os

# Before a numeric library reads it. OpenMP's threads spin while they wait for each other, and on a machine that does
# something else as well a training then takes three times as long; asleep, they cost nothing.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
