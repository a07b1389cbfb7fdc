"""Measured figures of the running server, in Prometheus's terms."""
