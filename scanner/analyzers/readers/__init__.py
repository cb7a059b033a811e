"""Readers of formats that members may have: bounded, tolerant, and without any effect of what they read."""
