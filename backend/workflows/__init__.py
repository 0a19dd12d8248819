"""Durable jobs by kind: each orchestrates the steps of one service."""
