"""Extension modules: what manifests say of them, how they are built, found, installed and used."""
