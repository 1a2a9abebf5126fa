"""What the services of a container terminal share. Import from the modules: ``from quayside.locks import ...``."""
