"""What cargo and rustc are asked beside builds, and what is kept of their answers."""
