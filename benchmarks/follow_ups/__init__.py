"""Conversations whose last question leans on the ones before, stands alone or is small talk, and what becomes of it."""
