"""The rivals' published rules as pure functions; the policies and `checks.peers` stand on them."""
