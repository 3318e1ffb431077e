"""Proofs of the deployment, each on a project of its own: `make test-deploy`."""
