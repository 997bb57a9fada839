"""Requests to the engine proxies: good ones, attacks, mutations, and what may reach the engine."""
