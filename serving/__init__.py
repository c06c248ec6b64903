"""Deployments, HTTP border and settings of the service."""
