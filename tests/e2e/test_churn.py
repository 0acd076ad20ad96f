# SPDX-License-Identifier: Apache-2.0
"""A short run of the churn: `./test --churn 3600` is the long one."""
import os
import subprocess
import sys

CHURN = os.path.join(os.path.dirname(__file__), "..", "churn", "churn.py")


def test_every_call_to_a_live_flow_is_delivered_while_phones_and_edges_die():
    """P1: phones appear, move, fall silent and die, an edge is killed or hangs; each failure tells its story."""
    p = subprocess.run([sys.executable, CHURN, "--seconds", "20", "--users", "30", "--seed", "5"], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=150)
    assert p.returncode == 0, p.stdout[-12000:]
