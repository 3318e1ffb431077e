"""Proofs of the deployment, on a separate Compose project: `make test-deploy`."""
