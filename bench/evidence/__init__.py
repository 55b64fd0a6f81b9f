"""Proof of the decision rule: thousands of rollouts at once, in arrays over campaigns."""
