"""Certificates, clients, and what happens when they meet; pure."""
